import type { Process } from '../../analyze/model/processes.ts';

/** A process in the tree. */
export interface ProcessRow {
  readonly process: Process;
  /** What stands before its name: the lines of the tree. */
  readonly branches: string;
}

/** The tree in the order in which it is drawn: a process, then its children in the order of their beginning. */
export function processTree(processes: readonly Process[]): ProcessRow[] {
  const children = new Map<Process | undefined, Process[]>();
  const byPid = new Map<number, Process[]>();
  for (const process of processes) {
    const parent = byPid.get(process.ppid)?.findLast(({ first }) => first.event <= process.first.event);
    byPid.set(process.pid, [...(byPid.get(process.pid) ?? []), process]);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [process]);
    else siblings.push(process);
  }
  const rows: ProcessRow[] = [];
  const add = (parent: Process | undefined, prefix: string): void => {
    const own = children.get(parent) ?? [];
    for (const [i, process] of own.entries()) {
      const last = i === own.length - 1;
      const root = parent === undefined;
      rows.push({ process, branches: root ? '' : `${prefix}${last ? '└─ ' : '├─ '}` });
      add(process, root ? '' : `${prefix}${last ? '   ' : '│  '}`);
    }
  };
  add(undefined, '');
  return rows;
}
