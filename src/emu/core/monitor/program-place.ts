// Where a task's program lies, for rows whose addresses are those of its file.
import {
  POLICY_header, POLICY_HEADER_imageStart, WATCH_KIND_imageRelative, WATCH_ROW_imageBase, WATCH_ROW_kind,
} from "../generated/monitor-layout";
import { kernelHostOf } from "./read";
import { memoryOf, pointerAt } from "./task-filter";

export const UNKNOWN: u32 = 0;
export const FOUND: u32 = 1;
/** The kernel is executing a program: it has not yet said where it lies, but may write to its pages. */
export const LOADING: u32 = 2;

/** How far the task's program lies from where the row's addresses are meant. */
export let distance: u64 = 0;
export function findDistance(row: usize, task: u64): u32 {
  distance = 0;
  if (u32(load<u8>(row, WATCH_ROW_kind)) != WATCH_KIND_imageRelative) return FOUND;
  const space = memoryOf(task);
  if (space == 0) return UNKNOWN;
  const image = kernelHostOf(space + load<u32>(POLICY_header, POLICY_HEADER_imageStart));
  if (image == 0) return UNKNOWN;
  const start = pointerAt(image);
  if (start == 0) return LOADING;
  distance = start - load<u64>(row, WATCH_ROW_imageBase);
  return FOUND;
}
