import {
  POLICY,
  POLICY_HEADER,
  TASK_BASE,
  TASK_FIELD_FLAG,
  TASK_FIELD_ROW,
  TASK_FIELD_ROW_BYTES,
} from '../../emu/monitor-layout.ts';
import type { GuestFacts } from '../../world/guest-facts.ts';

/** By size of pointers: a 64-bit kernel's lie in the upper half, a 32-bit one's above the lowest split (VMSPLIT_1G); anything below is no task. */
const LOWEST_TASK = { 4: 0x4000_0000n, 8: 0xffff_8000_0000_0000n } as const;
/** PTI_USER_PGTABLE_BIT (arch/x86/include/asm/processor-flags.h): where page-table isolation is on, CR3 has it in user mode. */
const USER_TABLES = 0x1000n;

export type TaskFacts = Pick<GuestFacts, 'currentTask' | 'taskFields' | 'pointerBytes' | 'image'>;

/** Tells the core where the current task stands and which of its fields make up its identity. */
export function writeTaskPolicy(memory: ArrayBufferLike, facts: TaskFacts): void {
  const view = new DataView(memory);
  const { header } = POLICY;
  const { currentTask, taskFields, pointerBytes, image } = facts;
  view.setUint32(header + POLICY_HEADER.taskBase, TASK_BASE[currentTask?.base ?? 'none'], true);
  view.setUint32(header + POLICY_HEADER.taskSelector, currentTask?.selector ?? 0, true);
  view.setBigUint64(header + POLICY_HEADER.taskOffset, BigInt(currentTask?.offset ?? '0'), true);
  view.setBigUint64(header + POLICY_HEADER.taskMinimum, LOWEST_TASK[pointerBytes], true);
  view.setBigUint64(header + POLICY_HEADER.isolationBits, USER_TABLES, true);
  view.setUint32(header + POLICY_HEADER.taskFieldCount, taskFields.length, true);
  view.setUint8(header + POLICY_HEADER.processField, fieldRow(taskFields, 'tgid'));
  view.setUint8(header + POLICY_HEADER.nameField, fieldRow(taskFields, 'comm'));
  view.setUint32(header + POLICY_HEADER.taskMemory, image?.memory ?? 0, true);
  view.setUint32(
    header + POLICY_HEADER.imageStart,
    image === undefined ? 0 : image.block + image.members.start_code,
    true,
  );
  view.setUint32(header + POLICY_HEADER.imageBlock, image?.block ?? 0, true);
  view.setUint32(header + POLICY_HEADER.imageBytes, image?.bytes ?? 0, true);
  for (const [i, field] of taskFields.entries()) {
    const at = POLICY.taskFields + i * TASK_FIELD_ROW_BYTES;
    view.setUint8(at + TASK_FIELD_ROW.size, field.size);
    view.setUint8(at + TASK_FIELD_ROW.dereferences, field.offsets.length - 1);
    view.setUint16(at + TASK_FIELD_ROW.place, field.place, true);
    view.setUint32(at + TASK_FIELD_ROW.flags, field.key ? TASK_FIELD_FLAG.key : 0, true);
    view.setInt32(at + TASK_FIELD_ROW.offset0, field.offsets[0] ?? 0, true);
    view.setInt32(at + TASK_FIELD_ROW.offset1, field.offsets[1] ?? 0, true);
    view.setInt32(at + TASK_FIELD_ROW.offset2, field.offsets[2] ?? 0, true);
  }
}

/** ffh: the kernel does not tell. */
function fieldRow(fields: GuestFacts['taskFields'], wanted: string): number {
  const row = fields.findIndex(({ name }) => name === wanted);
  return row < 0 ? 0xff : row;
}
