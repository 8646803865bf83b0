/** How the server says no. */

/** One setting that cannot be taken: which, what came, what is accepted. */
export interface SettingFault {
  field: string;
  got: unknown;
  takes: string;
}

/** Body of every refusal, whatever the status: a stable word, a sentence, and for settings each fault. */
export interface Refusal {
  error: string;
  message: string;
  faults?: SettingFault[];
}
