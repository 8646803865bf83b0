/** The attacks of the lesson on security. */

/** The kinds of CORS headers that `/hijack/events?cors=` can send. */
export const CORS_ANSWERS = ['none', 'named', 'credentials', 'any'] as const;
export type CorsAnswer = (typeof CORS_ANSWERS)[number];

/** What an attack in the lesson on security gets at: a made-up account, computed from the reader's cookie. */
export interface DemoAccount {
  name: string;
  secret: string;
}

/** What the hostile page tries, in order: two WebSockets, then the same stream with each kind of CORS headers. */
export const ATTEMPTS = ['open', 'listed', ...CORS_ANSWERS] as const;
export type Attempt = (typeof ATTEMPTS)[number];

/** One request of an attack, as the server saw it. `cookie` = it had the cookie of a known login. */
export interface SeenAttack {
  what: Attempt;
  origin: string | null;
  cookie: boolean;
  status: number;
}
