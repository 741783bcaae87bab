import { Box } from 'ink';
import type { StyledLine } from '../tone.ts';
import { Line } from './line.tsx';

interface LinesProps {
  readonly lines: readonly StyledLine[];
  readonly columns: number;
  readonly rows: number;
  /** Which of them is under the cursor; undefined: none. */
  readonly selected?: number | undefined;
}

/** Lines one under the other, in exactly `rows` rows. */
export function Lines({ lines, columns, rows, selected }: LinesProps) {
  const shown = lines.slice(0, rows);
  const blank = Array.from({ length: rows - shown.length }, (): StyledLine => []);
  return (
    <Box flexDirection="column" height={rows}>
      {[...shown, ...blank].map((line, i) => (
        <Line key={i} line={line} columns={columns} selected={i === selected} />
      ))}
    </Box>
  );
}
