/** What a class costs its server, measured, and the same for classes of other sizes, calculated. Pure. */
import type { ClassCosts, LaneCounts } from '../../../demo-server/classroom/protocol.ts';
import { TECHNIQUES, type TechniqueId } from '../../../demo-server/protocol.ts';

/** Sizes of class that a cost is calculated for. */
export const SIZES = [30, 300, 30_000] as const;

/** What some number of devices cost the server in each second by one technique; `held`: connections open at one moment. */
export interface CostPerSecond {
  requests: number;
  headBytes: number;
  connections: number;
  wireBytes: number;
  held: number;
}

export interface CostRow {
  technique: TechniqueId;
  measured: CostPerSecond;
  /** For each of SIZES. */
  calculated: CostPerSecond[];
}

/** One row for each lane, in ladder order; none before there is a second to divide by. */
export function costRows({ lanes, held, devices, seconds }: ClassCosts): CostRow[] {
  if (devices === 0 || seconds < 1) return [];
  return TECHNIQUES.flatMap((technique) => {
    const counts = lanes[technique];
    if (!counts) return [];
    const measured = { ...perSecond(counts, seconds), held: held[technique] ?? 0 };
    // Each device asks for itself, so the cost is in proportion; what a server saves by doing it together is not in it.
    return [{ technique, measured, calculated: SIZES.map((size) => times(measured, size / devices)) }];
  });
}

function perSecond(
  { requests, headBytes, connectionsOpened, wireBytes }: LaneCounts,
  seconds: number,
): Omit<CostPerSecond, 'held'> {
  return {
    requests: requests / seconds,
    headBytes: headBytes / seconds,
    connections: connectionsOpened / seconds,
    wireBytes: wireBytes / seconds,
  };
}

function times(cost: CostPerSecond, factor: number): CostPerSecond {
  return {
    requests: cost.requests * factor,
    headBytes: cost.headBytes * factor,
    connections: cost.connections * factor,
    wireBytes: cost.wireBytes * factor,
    held: cost.held * factor,
  };
}
