import duckdb from '@duckdb/node-bindings';
import type { Value } from './result-rows.ts';

const { Type } = duckdb;

/** A value as text for people; bytes and addresses (64 bits without sign) are hexadecimal. null stays null. */
export function valueText(value: Value, type: duckdb.Type): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return type === Type.UBIGINT ? `0x${value.toString(16)}` : String(value);
  if (typeof value === 'object' && 'bytes' in value) return Buffer.from(value.bytes).toString('hex');
  if (typeof value === 'number') return numberText(value);
  return String(value);
}

const numberText = (value: number): string => {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  return Math.abs(value) < 1e-6 ? String(value) : value.toFixed(6).replace(/\.?0+$/, '');
};

/** A value for JSON: whole numbers beyond 2^53 are text. */
export function valueJson(value: Value, type: duckdb.Type): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return value;
  if (typeof value === 'bigint' && type !== Type.UBIGINT && isSafe(value)) return Number(value);
  return valueText(value, type);
}

const isSafe = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);

/** Whether values of a type stand at the right of their column. */
export function isNumeric(type: duckdb.Type): boolean {
  return NUMERIC.has(type);
}

// biome-ignore format: a list
const NUMERIC = new Set([Type.TINYINT, Type.SMALLINT, Type.INTEGER, Type.BIGINT, Type.UTINYINT, Type.USMALLINT, Type.UINTEGER, Type.UBIGINT, Type.HUGEINT, Type.UHUGEINT, Type.FLOAT, Type.DOUBLE, Type.DECIMAL]);
