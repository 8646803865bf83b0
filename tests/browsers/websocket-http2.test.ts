/** When browsers open a WebSocket inside HTTP/2 (RFC 8441): what the page on HTTP/2 says, with a stamp that names this file. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificate } from '../../demo-server/network/certificate.ts';
import { BROWSERS, openBrowser } from '../helpers/browsers.ts';

const HTML = { 'content-type': 'text/html' };
const BLANK = '<!doctype html><title>x</title>';

/** Listens on a free port, and is closed with the test. */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A server of both versions that announces extended CONNECT or not; `asked` resolves with how it was asked for a WebSocket. */
async function bothVersions(enableConnectProtocol: boolean): Promise<{ port: number; asked: Promise<string> }> {
  const { key, cert } = makeCertificate(['127.0.0.1']);
  const { promise: asked, resolve } = Promise.withResolvers<string>();
  const server = createSecureServer({ key, cert, allowHTTP1: true, settings: { enableConnectProtocol } });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    if (headers[':method'] === 'CONNECT') {
      resolve(`CONNECT, ${headers[':protocol']}`);
      stream.respond({ ':status': 403 }, { endStream: true });
    } else {
      stream.respond({ ':status': 200, ...HTML });
      stream.end(BLANK);
    }
  });
  server.on('upgrade', ({ method, headers }, socket) => {
    resolve(`${method}, ${headers.upgrade}`);
    socket.destroy();
  });
  return { port: await listen(server), asked };
}

describe.each(BROWSERS)('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser(name, { anyCertificate: true });
  });
  afterAll(() => browser?.close());

  /** How a page of `from` asks the server on `port` for a WebSocket. */
  async function askFrom(from: string, port: number): Promise<void> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(from);
    await page.evaluate((url) => void new WebSocket(url), `wss://127.0.0.1:${port}/`);
  }

  test('a page that came over HTTP/2 asks inside that connection, where the server announces it', async () => {
    const { port, asked } = await bothVersions(true);
    await askFrom(`https://127.0.0.1:${port}/`, port);
    expect(await asked).toBe('CONNECT, websocket');
  });

  test('where the server does not announce it, over HTTP/1.1', async () => {
    const { port, asked } = await bothVersions(false);
    await askFrom(`https://127.0.0.1:${port}/`, port);
    expect(await asked).toBe('GET, websocket');
  });

  test('without an open connection of HTTP/2 Chromium asks over HTTP/1.1, and Firefox opens one', async () => {
    const { port, asked } = await bothVersions(true);
    const elsewhere = await listen(createServer((_, response) => response.writeHead(200, HTML).end(BLANK)));
    await askFrom(`http://127.0.0.1:${elsewhere}/`, port);
    expect(await asked).toBe(name === 'chromium' ? 'GET, websocket' : 'CONNECT, websocket');
  });
});
