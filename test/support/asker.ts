/** Asks until it hears that the main thread is stuck, and lets that go on. Runs in a thread of its own. */
export const ASKER = `
  const { workerData: { url, token, flag, room }, parentPort } = require('node:worker_threads');
  const done = (text) => {
    const bytes = new TextEncoder().encode(text);
    new Uint8Array(room).set(bytes);
    Atomics.store(new Int32Array(flag), 1, bytes.length);
    Atomics.store(new Int32Array(flag), 0, 1);
    Atomics.notify(new Int32Array(flag), 0);
  };
  (async () => {
    for (let turn = 0; turn < 200; turn += 1) {
      const response = await fetch(url + '/health?token=' + token);
      const health = await response.json();
      if (health.mainThread.stuck) {
        const metrics = await (await fetch(url + '/metrics?token=' + token)).text();
        return done(JSON.stringify({ status: response.status, health, metrics }));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    done(JSON.stringify({ error: 'it never said that the main thread is stuck' }));
  })().catch((error) => done(JSON.stringify({ error: String(error) })));
`;
