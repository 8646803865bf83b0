/** Options that npm kept for itself: `npm start --classroom` runs the command without it, and only warns. */

/** Options that npm has, too: a person's .npmrc may set them for every command. */
const NPMS_OWN = ['help', 'version', 'production', 'json', 'quiet'];

/**
 * Why a command that was started by npm lacks options of it, as a sentence; undefined where it lacks none. npm hands each option
 * before the two dashes to its environment, as npm_config_keep_days for --keep-days. `command` is as one types it, such as
 * npm start; `names` are all options that it has.
 */
export function keptByNpm(command: string, names: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const kept = names.filter((name) => !NPMS_OWN.includes(name) && variable(name) in env);
  const list = kept.map((name) => `--${name}`).join(' ');
  if (kept.length === 0) return undefined;
  return `npm kept ${list} for itself, as it takes all options that stand before two dashes: write ${command} -- ${list}, with the values that belong to them.`;
}

/** --no-site is to npm that site is false. */
const variable = (name: string): string => `npm_config_${name.replace(/^no-/, '').replaceAll('-', '_')}`;
