import { describe, expect, it } from 'vitest';
import { ColumnMemory } from '../../src/trace/column-memory.ts';

/** Words of a piece, as `column-memory.ts` asks for them. */
const PIECE = (1 << 20) / 4;

describe('memory of columns', () => {
  it('gives each column its own words, all zero', () => {
    const memory = new ColumnMemory();
    const columns = [0, 1, 5000, 65536, PIECE, 131_072, PIECE + 1, 131_072].map((count) => memory.words(count));
    for (const [number, column] of columns.entries()) {
      expect(column.every((word) => word === 0)).toBe(true);
      column.fill(number + 1);
    }
    for (const [number, column] of columns.entries()) expect(column.every((word) => word === number + 1)).toBe(true);
    expect(columns.map(({ length }) => length)).toEqual([0, 1, 5000, 65536, PIECE, 131_072, PIECE + 1, 131_072]);
  });

  it('gives large ones memory that they share with few', () => {
    const memory = new ColumnMemory();
    const [first, second, third] = Array.from({ length: 3 }, () => memory.words(PIECE / 2));
    expect(second!.buffer).toBe(first!.buffer);
    expect(third!.buffer).not.toBe(first!.buffer);
    expect(new ColumnMemory().words(PIECE / 2).buffer).not.toBe(third!.buffer);
  });
});
