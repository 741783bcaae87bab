import stringWidth from 'string-width';
import { type Segment, type StyledLine, segment } from '../tone.ts';

const ONE_COLUMN = /^[\x20-\x7e]*$/;

export const widthOf = (text: string): number => (ONE_COLUMN.test(text) ? text.length : stringWidth(text));

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** As much of the beginning of a text as fits, and the columns that it takes. */
function head(text: string, columns: number): { readonly text: string; readonly width: number } {
  if (ONE_COLUMN.test(text)) return { text: text.slice(0, columns), width: Math.min(text.length, columns) };
  let width = 0;
  let end = 0;
  for (const { segment: cluster, index } of graphemes.segment(text)) {
    const own = stringWidth(cluster);
    if (width + own > columns) break;
    width += own;
    end = index + cluster.length;
  }
  return { text: text.slice(0, end), width };
}

/** A text in exactly so many columns; what is cut off ends with an ellipsis. */
export function cell(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const width = widthOf(text);
  if (width > columns) {
    const cut = head(text, Math.max(0, columns - 1));
    return `${cut.text}…${' '.repeat(Math.max(0, columns - 1 - cut.width))}`;
  }
  const space = ' '.repeat(columns - width);
  return align === 'left' ? text + space : space + text;
}

/** A line in at most so many columns, the first `shift` of them left out. */
export function fitted(line: StyledLine, columns: number, shift = 0): StyledLine {
  const result: Segment[] = [];
  let left = shift;
  let room = columns;
  for (const { text, tone } of line) {
    let rest = text;
    if (left > 0) {
      const skipped = head(rest, left);
      left -= Math.max(skipped.width, skipped.text === rest ? skipped.width : left);
      rest = rest.slice(skipped.text.length);
    }
    if (rest === '' || room <= 0) continue;
    const width = widthOf(rest);
    if (width <= room) {
      result.push(segment(rest, tone));
      room -= width;
    } else {
      result.push(segment(cell(rest, room), tone));
      room = 0;
    }
  }
  return result;
}

/** A line as lines of at most so many columns; those behind the first are set in by `indent`. */
export function folded(line: StyledLine, columns: number, indent: number): StyledLine[] {
  const lines: Segment[][] = [[]];
  let room = columns;
  for (const { text, tone } of line) {
    let rest = text;
    while (widthOf(rest) > room) {
      const part = head(rest, room);
      // A character that is wider than all of the line is left out.
      const taken = part.text === '' && room === columns - indent ? [...rest][0]! : part.text;
      lines.at(-1)!.push(segment(part.text, tone));
      rest = rest.slice(taken.length);
      lines.push([segment(' '.repeat(indent))]);
      room = columns - indent;
    }
    lines.at(-1)!.push(segment(rest, tone));
    room -= widthOf(rest);
  }
  return lines;
}

/** A text on lines of at most so many columns, parted between words where that can be. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) <= columns) line += ` ${word}`;
    else {
      if (line !== '') lines.push(line);
      const parts = folded([segment(word)], columns, 0).map(([part]) => part?.text ?? '');
      lines.push(...parts.slice(0, -1));
      line = parts.at(-1) ?? '';
    }
  }
  return [...lines, line];
}
