/** Text in columns: how many cells of a terminal it takes. */

/** Ranges of characters that take two cells (Unicode, East Asian Width W and F), and of those that take none. */
// biome-ignore format: a table
const WIDE: readonly (readonly [number, number])[] = [[0x1100, 0x115f], [0x231a, 0x231b], [0x2329, 0x232a], [0x23e9, 0x23ec], [0x2614, 0x2615], [0x2e80, 0x303e], [0x3041, 0xa4cf], [0xa960, 0xa97f], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe30, 0xfe6f], [0xff00, 0xff60], [0xffe0, 0xffe6], [0x1f300, 0x1f64f], [0x1f680, 0x1f6ff], [0x1f900, 0x1f9ff], [0x20000, 0x3fffd]];
const COMBINING = /^\p{M}$/u;

function characterWidth(c: string): number {
  const code = c.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (COMBINING.test(c)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Cells that text takes. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const c of text) width += characterWidth(c);
  return width;
}

/** Text cut to a number of cells, with an ellipsis where something was left out. */
export function cutText(text: string, cells: number): string {
  if (text.length <= cells && cellWidth(text) <= cells) return text;
  if (cellWidth(text) <= cells) return text;
  let width = 0;
  let kept = '';
  for (const c of text) {
    width += characterWidth(c);
    if (width > cells - 1) break;
    kept += c;
  }
  return `${kept}…`;
}

/** Text filled up with spaces to a number of cells. */
export function padText(text: string, cells: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, cells - cellWidth(text)));
  return right ? space + text : text + space;
}
