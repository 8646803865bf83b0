/** How the server refuses a request. */

/** One setting that is not accepted: its name, what was received, what is accepted. */
export interface SettingFault {
  field: string;
  got: unknown;
  takes: string;
}

/** The body of every refusal, whatever the status: a stable word, a sentence and, for settings, everything that is wrong. */
export interface Refusal {
  error: string;
  message: string;
  faults?: SettingFault[];
}
