/** The client of the control socket: which message settles which of its requests. */
import { expect, onTestFinished, test } from 'vitest';
import { openControl } from '../../demo-server/measure/control.ts';
import type { BegunFault, ControlMessage } from '../../demo-server/protocol.ts';
import { startServer } from '../helpers/server.ts';

async function controlled() {
  const server = await startServer();
  const run = await server.run({ techniques: ['sse', 'polling'], durationSeconds: 60 });
  const close = new AbortController();
  onTestFinished(() => close.abort());
  const messages: ControlMessage[] = [];
  const control = await openControl(server.url, run.id, (message) => messages.push(message), close.signal);
  return { server, run, control, messages };
}
const outcome = (order: Promise<void>) =>
  order.then(
    () => 'done',
    (error: Error) => error.message,
  );

test('an order is settled by the answer to it, whatever else is refused or broken meanwhile', async () => {
  const { server, run, control, messages } = await controlled();
  // Each of these sends a message that is no answer to the orders: an error, and the fault of another watcher.
  control.send({ type: 'nonsense' } as never);
  const other = await openControl(server.url, run.id, () => {}, new AbortController().signal);
  onTestFinished(() => other.close());
  await other.disturb({ fault: 'drop-history' });
  const orders = [
    control.disturb({ fault: 'cut', techniques: ['http10'] }),
    control.disturb({ fault: 'stall', techniques: ['sse'], seconds: 1 }),
    control.disturb({ fault: 'earthquake' as BegunFault['fault'] }),
    control.disturb({ fault: 'cut' }),
  ].map(outcome);
  expect(await Promise.all(orders)).toEqual([
    expect.stringContaining('http10'),
    'done',
    expect.stringContaining('earthquake'),
    'done',
  ]);
  expect(messages.flatMap((message) => (message.type === 'fault' ? [message.fault] : []))).toEqual([
    'drop-history',
    'stall',
    'cut',
  ]);
  expect(messages.filter(({ type }) => type === 'error')).toHaveLength(1);
});

test('an error and the fault of another watcher settle no order that is on its way', async () => {
  const { server, run, control } = await controlled();
  const other = await openControl(server.url, run.id, () => {}, new AbortController().signal);
  onTestFinished(() => other.close());
  control.send({ type: 'nonsense' } as never);
  const refused = outcome(control.disturb({ fault: 'cut', seconds: 3 }));
  await other.disturb({ fault: 'cut' });
  expect(await refused).toContain('happens once');
});

test('what is on its way when the socket closes is rejected, and so is what comes later', async () => {
  const { control } = await controlled();
  const order = outcome(control.disturb({ fault: 'cut' }));
  control.close();
  await control.closed;
  expect(['done', 'The control socket closed']).toContain(await order);
  await expect(control.disturb({ fault: 'cut' })).rejects.toThrow('The control socket is closed');
  await expect(control.ping()).rejects.toThrow('The control socket is closed');
});
