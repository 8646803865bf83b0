/** The attacks of the lesson on security. */

/** The answers to CORS that `/hijack/events?cors=` can give. */
export const CORS_ANSWERS = ['none', 'named', 'credentials', 'any'] as const;
export type CorsAnswer = (typeof CORS_ANSWERS)[number];

/** What lies behind the open door of the lesson on security: made up, and computed from the reader's cookie. */
export interface DemoAccount {
  name: string;
  secret: string;
}

/** What the hostile page tries, in its order: two WebSockets, then the same stream under each answer to CORS. */
export const ATTEMPTS = ['open', 'listed', ...CORS_ANSWERS] as const;
export type Attempt = (typeof ATTEMPTS)[number];

/** One request of an attack, as the server saw it. `cookie` = it came with a login that is known. */
export interface SeenAttack {
  what: Attempt;
  origin: string | null;
  cookie: boolean;
  status: number;
}
