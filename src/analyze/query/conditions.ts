/** What a query wants of a table, as DuckDB's own plan says: the conditions that stand right above each scan. */
import type { Constraint, Constraints } from '../tables/scan.ts';
import type { Connection } from './connection.ts';

interface PlanNode {
  readonly name: string;
  readonly children?: readonly PlanNode[];
  readonly extra_info?: Readonly<Record<string, unknown>>;
}

/** A node of DuckDB's syntax tree, as json_serialize_sql writes it. */
interface SyntaxNode {
  readonly class?: string;
  readonly type?: string;
  readonly children?: readonly SyntaxNode[];
  readonly child?: SyntaxNode;
  readonly left?: SyntaxNode;
  readonly right?: SyntaxNode;
  readonly input?: SyntaxNode;
  readonly lower?: SyntaxNode;
  readonly upper?: SyntaxNode;
  readonly column_names?: readonly string[];
  readonly value?: { readonly is_null?: boolean; readonly value?: unknown };
}

/** What a statement wants of a table. */
export interface Wanted {
  readonly constraints: Constraints;
  /** Columns that it looks at; undefined: any. */
  readonly columns: ReadonlySet<string> | undefined;
}

/** By name of the scanned function. A table that is scanned twice gets the constraints that both have in common. */
export async function scans(
  connection: Connection,
  sql: string,
  isScan: (name: string) => boolean,
): Promise<ReadonlyMap<string, Wanted>> {
  const [, text = '[]'] = await connection.firstRow(`EXPLAIN (FORMAT json) ${sql}`);
  const found = new Map<string, Wanted>();
  for (const root of JSON.parse(text) as PlanNode[]) await walk(root, undefined);
  return found;

  async function walk(node: PlanNode, above: PlanNode | undefined): Promise<void> {
    const name = node.name.trim().toLowerCase();
    if (isScan(name)) {
      const filter = above?.name.trim() === 'FILTER' ? above.extra_info?.Expression : undefined;
      const expressions = filter === undefined ? [] : [filter].flat().map(String);
      const conditions = await Promise.all(expressions.map((each) => parse(connection, each)));
      const wanted = { constraints: conditions.reduce(both, new Map()), columns: projection(node) };
      const before = found.get(name);
      found.set(name, before === undefined ? wanted : eitherWanted(before, wanted));
    }
    for (const child of node.children ?? []) await walk(child, node);
  }
}

function projection({ extra_info: info }: PlanNode): Wanted['columns'] {
  const names = info?.Projections;
  return names === undefined ? undefined : new Set([names].flat().map(String));
}

function eitherWanted(a: Wanted, b: Wanted): Wanted {
  const columns = a.columns && b.columns && new Set([...a.columns, ...b.columns]);
  return { constraints: either(a.constraints, b.constraints), columns };
}

/** Conditions of one expression; what is not understood asks for nothing. */
async function parse(connection: Connection, expression: string): Promise<Constraints> {
  const statement = `SELECT 1 WHERE ${expression}`.replaceAll("'", "''");
  const [text = '{}'] = await connection.firstRow(`SELECT json_serialize_sql('${statement}')`);
  const tree = JSON.parse(text) as {
    readonly statements?: readonly { readonly node?: { readonly where_clause?: SyntaxNode } }[];
  };
  const clause = tree.statements?.[0]?.node?.where_clause;
  return clause === undefined ? new Map() : conditions(clause);
}

function conditions(node: SyntaxNode): Constraints {
  switch (node.type) {
    case 'CONJUNCTION_AND':
      return (node.children ?? []).map(conditions).reduce(both, new Map());
    case 'CONJUNCTION_OR':
      return (node.children ?? []).map(conditions).reduce(either);
    case 'COMPARE_BETWEEN':
      return between(node);
    case 'COMPARE_IN':
      return oneOf(node.children ?? []);
    default:
      return node.class === 'COMPARISON' ? comparison(node) : new Map();
  }
}

const MIRRORED: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: 'COMPARE_EQUAL',
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHAN',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHANOREQUALTO',
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHAN',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHANOREQUALTO',
};

function comparison({ type, left, right }: SyntaxNode): Constraints {
  const column = columnOf(left);
  const value = constantOf(right);
  if (column !== undefined && value !== undefined) return compared(column, type ?? '', value);
  const [other, mirrored] = [columnOf(right), MIRRORED[type ?? '']];
  const constant = constantOf(left);
  if (other === undefined || constant === undefined || mirrored === undefined) return new Map();
  return compared(other, mirrored, constant);
}

function compared(column: string, type: string, value: string | number): Constraints {
  if (type === 'COMPARE_EQUAL') return new Map([[column, { values: new Set([String(value)]) }]]);
  if (typeof value !== 'number') return new Map();
  // Bounds that don't count themselves are let in: whoever filters looks again.
  if (type.startsWith('COMPARE_LESSTHAN')) return new Map([[column, { most: value }]]);
  if (type.startsWith('COMPARE_GREATERTHAN')) return new Map([[column, { least: value }]]);
  return new Map();
}

function between({ input, lower, upper }: SyntaxNode): Constraints {
  const column = columnOf(input);
  const [least, most] = [constantOf(lower), constantOf(upper)];
  if (column === undefined || typeof least !== 'number' || typeof most !== 'number') return new Map();
  return new Map([[column, { least, most }]]);
}

function oneOf([input, ...values]: readonly SyntaxNode[]): Constraints {
  const column = columnOf(input);
  const constants = values.map(constantOf);
  if (column === undefined || constants.includes(undefined)) return new Map();
  return new Map([[column, { values: new Set(constants.map(String)) }]]);
}

/** A column, however it is cast. */
function columnOf(node: SyntaxNode | undefined): string | undefined {
  if (node?.class === 'CAST') return columnOf(node.child);
  return node?.class === 'COLUMN_REF' ? node.column_names?.at(-1) : undefined;
}

function constantOf(node: SyntaxNode | undefined): string | number | undefined {
  if (node?.class === 'CAST') return constantOf(node.child);
  if (node?.class !== 'CONSTANT' || node.value?.is_null === true) return undefined;
  const value = node.value?.value;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  return value;
}

/** Both hold. */
function both(a: Constraints, b: Constraints): Constraints {
  const joined = new Map(a);
  for (const [name, constraint] of b) {
    const known = joined.get(name);
    joined.set(name, known === undefined ? constraint : narrower(known, constraint));
  }
  return joined;
}

function narrower(a: Constraint, b: Constraint): Constraint {
  const least = Math.max(a.least ?? -Infinity, b.least ?? -Infinity);
  const most = Math.min(a.most ?? Infinity, b.most ?? Infinity);
  const { values = b.values } = a;
  const common = values && new Set([...values].filter((each) => b.values?.has(each) !== false));
  return {
    ...(least > -Infinity ? { least } : {}),
    ...(most < Infinity ? { most } : {}),
    ...(common === undefined ? {} : { values: common }),
  };
}

/** One of them holds: what both say of a column, loosened to fit either. */
function either(a: Constraints, b: Constraints): Constraints {
  const joined = new Map<string, Constraint>();
  for (const [name, constraint] of a) {
    const other = b.get(name);
    const looser = other && wider(constraint, other);
    if (looser !== undefined) joined.set(name, looser);
  }
  return joined;
}

function wider(a: Constraint, b: Constraint): Constraint | undefined {
  if (a.values !== undefined && b.values !== undefined) return { values: new Set([...a.values, ...b.values]) };
  if (a.values !== undefined || b.values !== undefined) return undefined;
  const least = Math.min(a.least ?? -Infinity, b.least ?? -Infinity);
  const most = Math.max(a.most ?? Infinity, b.most ?? Infinity);
  return { ...(least > -Infinity ? { least } : {}), ...(most < Infinity ? { most } : {}) };
}
