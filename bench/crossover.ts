import { AFTER, imageOf, type Mode, RecordedGuest, type Step } from './recorded-guest.ts';

/** Seconds of the same instructions, not recorded and recorded, and the events of these. */
export interface Cost {
  readonly off: number;
  readonly on: number;
  readonly events: number;
}

/**
 * This part of a slice goes before it, unmeasured: whoever has just been armed or disarmed has its translations to find again,
 * which recordings do once, and the other machine has filled the caches.
 */
const WARM_UP = 0.25;
/** So much is left out at either end of the order of ratios: there the host took the processor away. */
const OUTLIERS = 0.05;

export interface Plan {
  /** Of the image, and of the traces. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** By name; undefined: nothing is recorded, which shows by how much two measurements of the same differ. */
  readonly modes: Readonly<Record<string, Mode | undefined>>;
  /** Virtual nanoseconds between two switches. */
  readonly slice: number;
  /** BOOT is measured too; modes that need to know the guest's kernel can't be. */
  readonly boot: boolean;
}

/**
 * What recording costs each step, by mode. Two machines run the same guest, a slice each in turn; one records a slice and
 * the other does not, then the other way round, then with the next mode. The same instructions are so measured both ways
 * within milliseconds, as often in the one machine's memory as in the other's: what else the host does cancels out.
 */
export async function crossover(plan: Plan): Promise<ReadonlyMap<string, Readonly<Record<string, Cost>>>> {
  const image = imageOf(plan.name, plan.steps);
  const first = await RecordedGuest.open(image, `${plan.name}-a`);
  const second = await RecordedGuest.open(image, `${plan.name}-b`);
  const modes = Object.entries(plan.modes);
  const pairs = new Map<string, Map<string, Cost[]>>();
  let measured = plan.boot;
  for (let turn = 0; !first.done; turn++) {
    const round = Math.floor(turn / (2 * modes.length));
    const [name, mode] = modes[(turn >> 1) % modes.length]!;
    const [on, off] = turn % 2 === 0 ? [first, second] : [second, first];
    on.arm(measured ? mode : undefined);
    off.arm(undefined);
    const { step } = first;
    const seconds = new Map<RecordedGuest, number>();
    let events = 0;
    // Who comes first may be faster: in every mode neither always is.
    for (const machine of round % 2 === 0 ? [on, off] : [off, on]) {
      machine.run(WARM_UP * plan.slice);
      // Neither writer works for what was recorded before.
      await Promise.all([on.settle(), off.settle()]);
      const before = machine.events;
      seconds.set(machine, machine.run(plan.slice));
      events += machine.events - before;
    }
    if (measured) {
      const ofStep = pairs.get(step) ?? new Map<string, Cost[]>();
      pairs.set(
        step,
        ofStep.set(name, [...(ofStep.get(name) ?? []), { off: seconds.get(off)!, on: seconds.get(on)!, events }]),
      );
    }
    const proceeded = first.proceed();
    if (second.proceed(first.facts) !== proceeded) throw new Error(`the two machines do not agree after ${step}`);
    measured ||= proceeded;
  }
  await first.close();
  await second.close();
  pairs.delete(AFTER);
  return new Map(
    [...pairs].map(([step, modes]) => [step, Object.fromEntries([...modes].map(([name, all]) => [name, sum(all)]))]),
  );
}

function sum(pairs: readonly Cost[]): Cost {
  const inOrder = pairs.toSorted((a, b) => a.on / a.off - b.on / b.off);
  const out = Math.floor(pairs.length * OUTLIERS);
  const add = (a: Cost, b: Cost): Cost => ({ off: a.off + b.off, on: a.on + b.on, events: a.events + b.events });
  return inOrder.slice(out, inOrder.length - out).reduce(add, { off: 0, on: 0, events: 0 });
}
