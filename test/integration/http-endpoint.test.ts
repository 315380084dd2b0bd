import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createEndpoint } from '../../docs/examples/http-endpoint.ts';
import { createTestRouter, hold, message, messages, refuse, type TestRouter } from '../../src/testing/index.ts';
import { textOf } from '../support/project-files.ts';

/** A server in front of a router whose clock stands still: what it answers, it answers because of `process`. */
async function serve(
  router: Pick<TestRouter['router'], 'deliver'>,
): Promise<(body: unknown, signal?: AbortSignal) => Promise<Response>> {
  const server = createEndpoint(router);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return (body, signal = new AbortController().signal) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: text, signal });
  };
}

/** Resolves once the router has received so many messages. */
async function received(rig: TestRouter, count: number): Promise<void> {
  while (rig.router.metrics().received < count) await new Promise(setImmediate);
}

it('the endpoint answers 200 when the sink has the messages, and not before', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const post = await serve(rig.router);
  const call = hold();
  rig.sink('tick').otherwise = call;
  let status = 0;
  const posted = post(message('tick', 0)).then((response) => {
    status = response.status;
    return response.json();
  });
  await received(rig, 1);
  // Any other request is answered meanwhile.
  expect((await post('no JSON')).status).toBe(400);
  expect([status, rig.sink('tick').delivered]).toEqual([0, []]);
  call.succeed();
  expect(await posted).toEqual(['delivered']);
  expect([status, rig.sink('tick').delivered]).toEqual([200, [message('tick', 0)]]);
});

it('the endpoint answers 422 for dead letters, and names which of the messages they are', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const post = await serve(rig.router);
  rig.sink('tick').script.push(refuse({ retryable: false }));
  const response = await post([...messages('tick', 2), { ev: 'unknown' }]);
  expect([response.status, await response.json()]).toEqual([422, ['dead-lettered', 'delivered', 'dead-lettered']]);
});

it('the endpoint answers 503 when the router stops, and the client has to send the messages again', async () => {
  const rig = await createTestRouter({ sinks: { tick: {} } });
  const post = await serve(rig.router);
  rig.sink('tick').otherwise = hold();
  const posted = post(messages('tick', 2));
  await received(rig, 2);
  await rig.stop({ deadlineMs: 0 });
  const response = await posted;
  expect([response.status, await response.json()]).toEqual([503, ['unsettled', 'returned']]);
});

it('a client that goes away takes back what waits for room', async () => {
  const rig = await createTestRouter({ sinks: { tick: { capacity: 1 } } });
  let outcomes: Promise<unknown> | undefined;
  let gone: AbortSignal | undefined;
  const deliver: TestRouter['router']['deliver'] = (body, options) => {
    gone = options?.signal;
    const promise = rig.router.deliver(body, options);
    outcomes = promise;
    return promise;
  };
  const post = await serve({ deliver });
  rig.sink('tick').otherwise = hold();
  const client = new AbortController();
  const posted = post(messages('tick', 4), client.signal).catch(() => {});
  await received(rig, 2);
  client.abort();
  await posted;
  while (gone?.aborted === false) await new Promise(setImmediate);
  await rig.stop({ deadlineMs: 0 });
  const statuses = ['unsettled', 'returned', 'aborted', 'aborted'];
  expect(await outcomes).toEqual(statuses.map((status) => ({ status })));
});

it('the guide shows the endpoint as it runs', () => {
  expect(textOf('docs/guides/acknowledge.md')).toContain(textOf('docs/examples/http-endpoint.ts'));
});
