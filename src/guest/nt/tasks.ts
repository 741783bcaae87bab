// Where NT keeps who runs: facts of the structures of each version, as its public symbols tell them.
import type { CurrentTask } from '../linux/current-task.ts';
import type { TaskFieldPlace } from '../linux/profile.ts';
import { TASK_FIELDS } from '../linux/task-identity.ts';
import type { NtSystem } from './system.ts';

/** Where the current thread's pointer stands: behind the processor control region, at FS in x86, at GS in x64. */
const CURRENT_THREAD = {
  x86: { base: 'kernelFs', selector: 0x30, offset: '292', source: 'KPCR.PrcbData.CurrentThread' },
  x64: { base: 'kernelGs', selector: 0, offset: '392', source: 'KPCR.Prcb.CurrentThread' },
} as const;

/** Offsets in ETHREAD and, behind its process, in EPROCESS. */
interface ThreadLayout {
  readonly process: number;
  readonly clientId: number;
  readonly parent: number;
  readonly name: number;
}

/** Versions of which they are known: XP SP2 and SP3. */
const LAYOUTS: Readonly<Record<string, ThreadLayout>> = {
  'x86 XP': { process: 0x44, clientId: 0x1ec, parent: 0x14c, name: 0x174 },
};

/** How the recorder finds the current thread, and who it is. */
export function ntTasks({ processor, version }: NtSystem): {
  readonly pointerBytes: 4 | 8;
  readonly currentTask: Omit<CurrentTask, 'offset'> & { readonly offset: string };
  readonly taskFields: readonly TaskFieldPlace[];
} {
  const layout = LAYOUTS[`${processor} ${version}`];
  const currentTask = CURRENT_THREAD[processor];
  const pointerBytes = processor === 'x86' ? 4 : 8;
  if (layout === undefined) return { pointerBytes, currentTask, taskFields: [] };
  const { process, clientId, parent, name } = layout;
  const offsets: Readonly<Record<string, readonly number[]>> = {
    pid: [clientId + 4],
    tgid: [clientId],
    parent: [process, parent],
    comm: [process, name],
  };
  const taskFields = TASK_FIELDS.flatMap((field): TaskFieldPlace[] => {
    const places = offsets[field.name];
    return places === undefined ? [] : [{ ...field, offsets: places }];
  });
  return { pointerBytes, currentTask, taskFields };
}
