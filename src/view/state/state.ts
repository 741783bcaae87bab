import type { ScreenName } from '../keys.ts';

export type PromptKind = 'search' | 'searchBackward' | 'filter' | 'jump' | 'address' | 'page';

/** A line as it was typed. */
export interface Typed {
  readonly kind: PromptKind;
  readonly text: string;
}

/** A line that is being typed. */
export interface Prompt extends Typed {
  /** The event from which a search goes out. */
  readonly origin: number;
}

/** Where a list stands: the line under the cursor and the first one shown. */
export interface ListPosition {
  readonly cursor: number;
  readonly top: number;
}

export type ListName = 'overview' | 'processes' | 'details' | 'pages' | 'statistics' | 'marks' | 'help';

export interface Message {
  readonly text: string;
  readonly bad: boolean;
}

export interface Sought {
  readonly text: string;
  readonly direction: 'forward' | 'backward';
}

/** What is on the screen and why; everything that keys change. */
export interface ViewState {
  readonly columns: number;
  readonly rows: number;
  readonly screen: ScreenName;
  /** Screens that are left by going back: the one left last at the end. */
  readonly under: readonly ScreenName[];
  /** Number of the event under the cursor. */
  readonly event: number;
  /** The line of the event list on which it stands, from 0. */
  readonly line: number;
  /** Columns by which the event list is scrolled to the right. */
  readonly shift: number;
  readonly lists: Readonly<Record<ListName, ListPosition>>;
  /** Only the recorded command and what it started. */
  readonly commandOnly: boolean;
  /** Returns have lines of their own. */
  readonly returns: boolean;
  /** What the filter line says; it is in force. */
  readonly filter: string;
  readonly prompt: Prompt | undefined;
  /** The next key is a mark's letter. */
  readonly awaiting: 'mark' | 'goToMark' | undefined;
  readonly sought: Sought | undefined;
  readonly back: readonly number[];
  readonly forward: readonly number[];
  /** Events by letter. */
  readonly marks: Readonly<Record<string, number>>;
  readonly message: Message | undefined;
}

const AT_TOP: ListPosition = { cursor: 0, top: 0 };

export interface Beginning {
  readonly columns: number;
  readonly rows: number;
  readonly commandOnly: boolean;
  readonly marks: Readonly<Record<string, number>>;
}

export function initialState({ columns, rows, commandOnly, marks }: Beginning): ViewState {
  return {
    columns,
    rows,
    screen: 'overview',
    under: [],
    event: 0,
    line: 0,
    shift: 0,
    lists: {
      ...{ overview: AT_TOP, processes: AT_TOP, details: AT_TOP, pages: AT_TOP },
      ...{ statistics: AT_TOP, marks: AT_TOP, help: AT_TOP },
    },
    commandOnly,
    returns: false,
    filter: '',
    prompt: undefined,
    awaiting: undefined,
    sought: undefined,
    back: [],
    forward: [],
    marks,
    message: undefined,
  };
}

/** Title, column heads, status line and prompt. */
const FRAME_ROWS = 4;

/** Lines of a screen between its heads and the status line. */
export function bodyRows({ rows }: Pick<ViewState, 'rows'>): number {
  return Math.max(1, rows - FRAME_ROWS);
}

/** Smaller than this nothing sensible fits. */
export const SMALLEST = { columns: 80, rows: 24 } as const;

export const isTooSmall = ({ columns, rows }: Pick<ViewState, 'columns' | 'rows'>): boolean =>
  columns < SMALLEST.columns || rows < SMALLEST.rows;
