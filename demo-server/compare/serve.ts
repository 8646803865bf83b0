/** The server that a comparison starts for itself: a process of its own, so that its figures are its own. Any free port. */
import type { AddressInfo } from 'node:net';
import { buildApp } from '../app.ts';

const app = await buildApp();
await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.((app.server.address() as AddressInfo).port);
// It lives as long as the comparison does. A Ctrl-C in the terminal reaches it, too, and is for the comparison to act on.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
