import { Text, Transform } from 'ink';
import { memo } from 'react';
import type { StyledLine } from '../tone.ts';
import { fitted, widthOf } from './fit.ts';
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

/**
 * One line of the screen, never wrapped. Ink keeps all texts that it ever measured, so it measures a space, and the line
 * takes the place of that when it is written.
 */
export const Line = memo(function Line({ line, columns, selected = false }: LineProps) {
  const text = written(line, columns, selected);
  return (
    <Transform transform={() => text}>
      <Text> </Text>
    </Transform>
  );
});
