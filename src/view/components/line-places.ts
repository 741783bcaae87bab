/**
 * Lines on their way past Ink. Of each line Ink gets a single character to place; the line itself takes its place when the
 * frame is done. Ink would take every line apart into its cells, most of the time and garbage of a frame.
 */

/** The characters: of private use, one a line. */
const FIRST = 0xe000;

let texts: string[] = [];

/** What stands for a line in the frame that is being made. */
export function placeOf(text: string): string {
  return String.fromCharCode(FIRST + texts.push(text) - 1);
}

/** A frame as Ink made it, with its lines in their places. */
export function withLines(frame: string): string {
  const lines = frame.split('\n').map((place) => texts[place.charCodeAt(0) - FIRST] ?? '');
  texts = [];
  return lines.join('\n');
}
