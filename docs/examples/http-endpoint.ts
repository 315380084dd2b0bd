import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { DataChannelRouter } from 'sluice';

/** Takes a message, or a list of them, as JSON. Answers 200 only when the sink has all of them. */
export function createEndpoint(router: Pick<DataChannelRouter, 'deliver'>): Server {
  return createServer(async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    let body: unknown;
    try {
      body = await json(request);
    } catch {
      return answer(400, { error: 'the body is not JSON' });
    }
    const outcomes = [await router.deliver(body, { signal: gone.signal })].flat();
    const statuses = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome.status));
    const isAll = (...wanted: string[]): boolean => statuses.every((status) => wanted.includes(status));
    // Nobody wants what is ignored.
    if (isAll('delivered', 'ignored')) answer(200, statuses);
    // What lies in the store of dead letters need not be sent again; all else must be.
    else answer(isAll('delivered', 'ignored', 'dead-lettered') ? 422 : 503, statuses);
  });
}
