/**
 * The same pages over HTTP/2, on two more ports: one server that announces how many streams it takes, and one that is
 * silent about it. Started when they are asked for; browsers want TLS, so with a certificate made at that moment.
 * @see https://www.rfc-editor.org/rfc/rfc9113.html#section-5.1.2
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Certificate, makeCertificate } from '../network/certificate.ts';
import type { Http2Servers } from '../protocol.ts';
import { RefusalError, refuseUnreadable, responseUnderWay } from '../refusal.ts';
import { isLocal } from '../web/origin.ts';
import { http2Schema } from './schemas.ts';

/** More than browsers assume of a silent server. */
const STREAMS = 200;
/** What belongs to a measured run: not here, where no tap counts. */
const MEASURED = /^\/(?:push|runs|control|echo|echoes)(?:[/?]|$)/;
/** Headers of responses that concern one connection of HTTP/1. */
const OF_ONE_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

/** Registers `POST /probe/http2`. `host` = where the servers listen; undefined = loopback, and only its readers may start them. */
export function http2Probes(app: FastifyInstance, { host }: { host: string | undefined }): void {
  let started: Promise<Http2Servers> | undefined;
  const open = new Set<Http2SecureServer>();
  const sockets = new Set<Socket>();

  async function listen({ key, cert }: Certificate, streams?: number): Promise<number> {
    const settings = streams === undefined ? {} : { maxConcurrentStreams: streams };
    const server = createSecureServer({ key, cert, allowHTTP1: true, settings });
    const route = (request: Http2ServerRequest, reply: Http2ServerResponse) => {
      if (MEASURED.test(request.url)) return refuse(reply);
      // HTTP/2 names the host in :authority. What looks at Origin looks for it here.
      request.headers.host ??= request.authority;
      app.routing(request as unknown as IncomingMessage, reply as unknown as ServerResponse);
    };
    // Node answers an Expect that it does not know by itself unless somebody listens for it.
    server.on('request', route).on('checkExpectation', route);
    // Browsers open WebSockets on a connection of HTTP/1.1 beside it, as nobody offers them RFC 8441 here.
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      if (MEASURED.test(request.url ?? '') || responseUnderWay(socket)) socket.destroy();
      else app.server.emit('upgrade', request, socket, head);
    });
    // What comes as HTTP/1.1 and is none.
    server.on('clientError', refuseUnreadable);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    // A browser that does not trust the certificate ends the handshake: that is its reader's to decide.
    server.on('tlsClientError', () => {}).on('sessionError', () => {});
    open.add(server);
    server.listen(0, host ?? '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function startBoth(): Promise<Http2Servers> {
    const certificate = makeCertificate(['localhost', '127.0.0.1', '::1']);
    const [silent, announcing] = [await listen(certificate), await listen(certificate, STREAMS)];
    return { silent, announcing, streams: STREAMS, fingerprint: certificate.fingerprint };
  }

  app.post('/probe/http2', { schema: http2Schema }, async (request) => {
    if (host === undefined && !isLocal(request))
      throw new RefusalError(
        403,
        'loopback-only',
        `The HTTP/2 servers listen on the machine of the server alone, and this request comes from ${request.ip}, or may come through a proxy. Start the server with --http2-host 0.0.0.0 to let others in.`,
      );
    started ??= startBoth().catch((error: NodeJS.ErrnoException) => {
      started = undefined;
      throw new RefusalError(
        503,
        'no-http2',
        `The HTTP/2 servers cannot listen on ${host ?? 'loopback'}: ${error.code ?? error.message}. Start the server with another --http2-host.`,
      );
    });
    return started;
  });

  // What belongs to one connection of HTTP/1 may not be said in HTTP/2 (RFC 9113 8.2.2): Node throws, and the server would end.
  app.addHook('onSend', async (request, reply) => {
    if (request.raw.httpVersionMajor < 2) return;
    for (const name of OF_ONE_CONNECTION) reply.removeHeader(name);
  });
  app.addHook('preClose', async () => {
    for (const server of open) server.close();
    for (const socket of sockets) socket.destroy();
  });
}

function refuse(reply: Http2ServerResponse): void {
  reply.writeHead(421, { 'content-type': 'application/json; charset=utf-8' });
  reply.end(
    JSON.stringify({
      error: 'not-measured-here',
      message: 'This port is for the lab of connections, and no tap counts its bytes. Measure on the port of HTTP/1.1.',
    }),
  );
}
