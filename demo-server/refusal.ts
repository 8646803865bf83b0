/** A refusal in words: Fastify turns it into the status and the `Refusal` body of protocol.ts. */
import { type Refusal, type SettingFault, TECHNIQUES } from './protocol.ts';

export class RefusalError extends Error {
  statusCode: number;
  error: string;
  faults: SettingFault[] | undefined;

  /** `error` is a stable word for programs, `message` a sentence for people: what came, what is taken, what to do. */
  constructor(statusCode: number, error: string, message: string, faults?: SettingFault[]) {
    super(message);
    this.statusCode = statusCode;
    this.error = error;
    this.faults = faults;
  }

  body(): Refusal {
    return { error: this.error, message: this.message, ...(this.faults ? { faults: this.faults } : {}) };
  }
}

/** 404 in words, with the way on. */
export function refuseUnknownPath(path: string): never {
  throw new RefusalError(
    404,
    'unknown-path',
    `There is nothing at ${JSON.stringify(path)}. The techniques are at /push/<id> with id one of ${TECHNIQUES.join(', ')}; /docs/api lists every route.`,
  );
}
