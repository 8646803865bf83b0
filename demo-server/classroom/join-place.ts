/** Where the class is joined, for as long as it goes on: it follows the networks of this machine, and what the teacher chose. */
import { lookAtNetworks, type Networks } from '../network/networks.ts';
import { type JoinPicture, joinPicture, type ListensAt } from './addresses.ts';
import { badAction } from './seats/refused.ts';

/** The system tells nobody when a network comes or goes, so it is asked so often (ms); on Windows that takes some ms. */
const LOOK_MS = 4000;

export interface JoinPlaceOptions {
  listensAt: () => ListensAt;
  code: () => string;
  publicUrl?: string | undefined;
  /** An address of this machine or the name of a network that the start asked for. */
  chosen?: string | undefined;
  /** Whether something is being measured: then nobody looks. */
  busy: () => boolean;
  /** Called when the addresses are others than before. */
  moved: (join: JoinPicture) => void;
  look?: (() => Promise<Networks>) | undefined;
  lookMs?: number | undefined;
}

export interface WatchedPlace {
  /** Where to join now. Throws where the server does not listen yet. */
  picture(): JoinPicture;
  /** Shows this address from now on, null the likeliest. Throws a ClassRefused for one that is not there. */
  choose(address: unknown): void;
  close(): void;
}

/** Looks at the networks now and then. Whoever starts it has to close it. */
export async function watchJoinPlace(options: JoinPlaceOptions): Promise<WatchedPlace> {
  const { listensAt, code, publicUrl, busy, moved, look = lookAtNetworks, lookMs = LOOK_MS } = options;
  let chosen = options.chosen === undefined ? [] : [options.chosen];
  let networks = await look();
  // A picture is made often, its QR codes once.
  let drawn: JoinPicture | undefined;
  const picture = (): JoinPicture => {
    drawn ??= joinPicture(listensAt(), code(), { networks, publicUrl, chosen });
    return drawn;
  };
  let looking = false;
  const again = async (): Promise<void> => {
    if (looking || busy()) return;
    looking = true;
    const found = await look().finally(() => {
      looking = false;
    });
    if (closed || JSON.stringify(found) === JSON.stringify(networks)) return;
    const before = drawn;
    networks = found;
    drawn = undefined;
    if (before && JSON.stringify(before) !== JSON.stringify(picture())) moved(picture());
  };
  let closed = false;
  const timer = publicUrl ? undefined : setInterval(() => void again(), lookMs);
  return {
    picture,
    choose(address) {
      const one = picture().addresses.find((known) => known.address !== '' && known.address === address);
      if (address !== null && !one) throw badAction('this machine has no such address now');
      // A network may give the machine another address later: then it is still the one that was meant.
      chosen = one ? [one.address, one.network].filter(Boolean) : [];
      drawn = undefined;
    },
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}
