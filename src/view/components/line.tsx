import { Text, Transform } from 'ink';
import { memo } from 'react';
import type { StyledLine } from '../tone.ts';
import { fitted, widthOf } from './fit.ts';
import { placeOf } from './line-places.ts';
import { inTone, inverse } from './theme.ts';

interface LineProps {
  readonly line: StyledLine;
  readonly columns: number;
  /** It is under the cursor: shown inverse over the whole width. */
  readonly selected?: boolean;
}

function written(line: StyledLine, columns: number, selected: boolean): string {
  const shown = fitted(line, columns);
  if (!selected) return shown.map(({ text, tone }) => inTone(text, tone)).join('');
  const text = shown.map((each) => each.text).join('');
  return inverse(text + ' '.repeat(Math.max(0, columns - widthOf(text))));
}

/** One line of the screen, never wrapped. Ink measures a space, and writes what stands for the line. */
export const Line = memo(function Line({ line, columns, selected = false }: LineProps) {
  const text = written(line, columns, selected);
  return (
    <Transform transform={() => placeOf(text)}>
      <Text> </Text>
    </Transform>
  );
});
