/** What Redis says when it does not do what it is asked, as a sentence for a terminal: what is wrong, and what to do. */

/** What Redis says → what that means. The first that fits. */
const MEANINGS: [said: RegExp, meaning: string, own: boolean][] = [
  [
    /WRONGPASS|invalid (username|password)|without any password/i,
    'Redis refuses the user or the password in REDIS_URL; it takes redis://user:password@host:port',
    false,
  ],
  [/NOAUTH/, 'Redis asks for a password; REDIS_URL takes it as in redis://:password@host:port', false],
  [/NOPERM/, 'Redis does not let this user do what is needed; its ACL needs ~pushlab:* and &pushlab:*', true],
  [/READONLY|UNBLOCKED/, 'Redis takes no writes, as it is a replica; REDIS_URL has to name the primary', true],
  [/MISCONF/, 'Redis takes no writes, as it cannot save to its disk; its log says why', true],
  [/OOM/, 'Redis takes no writes, as its memory is full; give it more (maxmemory), or remove what is not needed', true],
  [/NOREPLICAS/, 'Redis takes no writes, as too few replicas follow it (min-replicas-to-write)', true],
  [/LOADING/, 'Redis still loads what it has saved', true],
  [/MASTERDOWN/, 'Redis is a replica that has lost its primary', true],
  [/BUSY|UNKILLABLE/, 'Redis is busy with a script that does not end', true],
  [/MOVED|CROSSSLOT|CLUSTERDOWN/, 'This is a Redis Cluster, whose keys are in several places; take one without', true],
  [
    /unknown command|unknown subcommand|Unknown Redis command called from script/i,
    'Redis does not know a command that is needed: it is older than 5.0, or the command was renamed',
    true,
  ],
  [/WRONGTYPE/, 'A key under pushlab: holds something else; give Pushlab a database of its own (redis://…/1)', true],
  [/max number of clients/, 'Redis takes no more connections (maxclients)', true],
  [/DENIED/, 'Redis is in protected mode and takes this machine only; give it a password', false],
];

/** Why a Redis cannot be used; without the password. `said` is what it, or the connection to it, says. */
export function explain({ message: said }: Error): string {
  const [, meaning, own] = MEANINGS.find(([pattern]) => pattern.test(said)) ?? [];
  if (meaning === undefined) return `Redis cannot be reached (${said})`;
  return own ? `${meaning} (${said.split('\n')[0]?.slice(0, 160)})` : meaning;
}
