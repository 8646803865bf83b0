/**
 * What stands in for nginx where there is none: holds an answer back as nginx does by its older defaults, and lets it go
 * where the configuration or the application says so. Only an imitation, and the page says that it is one.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Transform } from 'node:stream';
import type { NginxDefaults } from '../protocol.ts';

/** nginx passes a buffer on when it is full: proxy_buffer_size, a page of memory. */
const BUFFER_BYTES = 4096;

/** Whether nginx with `config` holds back an answer with these headers. By the newer defaults it passes chunks as they come. */
export function holdsBack(config: string, defaults: NginxDefaults, headers: IncomingHttpHeaders): boolean {
  if (defaults === 'newer' || config === 'buffering-off' || config === 'fixed') return false;
  return config === 'without-header' || headers['x-accel-buffering'] !== 'no';
}

/** Whether `config` passes an upgrade on. */
export function passesUpgrade(config: string): boolean {
  return config === 'upgrade' || config === 'fixed';
}

/** Gathers bytes until a buffer is full or the answer ends. */
export function bufferingStep(): Transform {
  let held: Buffer[] = [];
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held.push(chunk);
      bytes += chunk.length;
      if (bytes < BUFFER_BYTES) return done();
      const full = Buffer.concat(held);
      held = [];
      bytes = 0;
      done(null, full);
    },
    flush(done) {
      done(null, Buffer.concat(held));
    },
  });
}
