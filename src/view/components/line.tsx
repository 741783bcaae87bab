import { Text } from 'ink';
import { memo } from 'react';
import type { StyledLine } from '../tone.ts';
import { fitted, widthOf } from './fit.ts';
import { styleOf } from './theme.ts';

interface LineProps {
  readonly line: StyledLine;
  readonly columns: number;
  /** It is under the cursor: shown inverse over the whole width. */
  readonly selected?: boolean;
}

/** One line of the screen, never wrapped. */
export const Line = memo(function Line({ line, columns, selected = false }: LineProps) {
  const shown = fitted(line, columns);
  if (selected) {
    const text = shown.map((each) => each.text).join('');
    return <Text inverse>{text + ' '.repeat(Math.max(0, columns - widthOf(text)))}</Text>;
  }
  if (shown.length === 0) return <Text> </Text>;
  return (
    <Text>
      {shown.map(({ text, tone }, i) => (
        <Text key={i} {...styleOf(tone)}>
          {text}
        </Text>
      ))}
    </Text>
  );
});
