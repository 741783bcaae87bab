import { DuckDBBlobValue, type DuckDBType, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';

/** A value as text for people; bytes and addresses (64 bits without sign) are hexadecimal. null stays null. */
export function valueText(value: DuckDBValue, type: DuckDBType): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint')
    return type.typeId === DuckDBTypeId.UBIGINT ? `0x${value.toString(16)}` : String(value);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex');
  if (typeof value === 'number') return numberText(value);
  return String(value);
}

const numberText = (value: number): string => {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  return Math.abs(value) < 1e-6 ? String(value) : value.toFixed(6).replace(/\.?0+$/, '');
};

/** A value for JSON: whole numbers beyond 2^53 are text. */
export function valueJson(value: DuckDBValue, type: DuckDBType): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
    return value;
  if (typeof value === 'bigint' && type.typeId !== DuckDBTypeId.UBIGINT && isSafe(value)) return Number(value);
  return valueText(value, type);
}

const isSafe = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);

/** Whether values of a type stand at the right of their column. */
export function isNumeric({ typeId }: DuckDBType): boolean {
  return NUMERIC.has(typeId);
}

// biome-ignore format: a list
const NUMERIC = new Set([DuckDBTypeId.TINYINT, DuckDBTypeId.SMALLINT, DuckDBTypeId.INTEGER, DuckDBTypeId.BIGINT, DuckDBTypeId.UTINYINT, DuckDBTypeId.USMALLINT, DuckDBTypeId.UINTEGER, DuckDBTypeId.UBIGINT, DuckDBTypeId.HUGEINT, DuckDBTypeId.UHUGEINT, DuckDBTypeId.FLOAT, DuckDBTypeId.DOUBLE, DuckDBTypeId.DECIMAL]);
