import type { EventTest } from '../../analyze/model/event-test.ts';
import type { TraceModel } from '../../analyze/model/trace-model.ts';
import { TABLES, type TableName } from '../../analyze/schema.ts';
import { UserError } from '../../emu/errors.ts';
import type { ChunkSummary } from '../../trace/summary.ts';

/** Events that a condition may name: 8 bytes each. */
const MOST = 4_000_000;

interface Condition {
  readonly table: TableName;
  readonly where: string;
}

const hasEvents = (name: string): name is TableName =>
  name in TABLES && TABLES[name as TableName].columns.some(({ name: column }) => column === 'event');

/** `ret < 0` is about system calls, `page_writes where size > 8` about another table. Throws UserError. */
function parseCondition(text: string): Condition {
  const [, name, rest] = /^(?:from\s+)?(\w+)\s+where\s+(.*)$/is.exec(text) ?? [];
  if (name === undefined) return { table: 'syscalls', where: text };
  if (hasEvents(name)) return { table: name, where: rest! };
  const names = Object.keys(TABLES).filter(hasEvents);
  throw new UserError(`no table of events named ${name}; there are ${names.join(' ')}`);
}

/** The events that fulfil a condition in SQL. Throws UserError when it makes no sense. */
export async function eventsWhere(model: TraceModel, text: string): Promise<EventTest> {
  const { table, where } = parseCondition(text);
  if (where.trim() === '') throw new UserError('sql: wants a condition, such as sql: ret < 0 and duration > 1000000');
  // The database is large, and few filters want it.
  const { TraceDatabase, sqlError } = await import('../../analyze/query/database.ts');
  const database = await TraceDatabase.open(model, true);
  try {
    const statement = `SELECT DISTINCT event FROM ${table} WHERE (${where}\n) ORDER BY event LIMIT ${MOST + 1}`;
    await database.prepare(statement);
    const result = await database.stream(statement);
    const events: number[] = [];
    for (let rows = await result.next(); rows !== undefined; rows = await result.next()) {
      for (const [event] of rows) if (event !== null) events.push(Number(event));
    }
    if (events.length > MOST) throw new UserError(`more than ${MOST} events pass: narrow the condition`);
    return among(Float64Array.from(events));
  } catch (error) {
    throw error instanceof UserError ? error : sqlError(error);
  } finally {
    database.close();
  }
}

/** Events by their numbers, ascending. */
function among(events: Float64Array): EventTest {
  const firstFrom = (event: number): number => {
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (events[middle]! < event) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    mayHold: ({ firstEvent, count }: ChunkSummary) => (events[firstFrom(firstEvent)] ?? Infinity) < firstEvent + count,
    passes: ({ chunk, row }) => events[firstFrom(chunk.firstEvent + row)] === chunk.firstEvent + row,
  };
}
