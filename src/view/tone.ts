/** What a piece of text is; the theme says how that looks. */
export type Tone =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'call'
  | 'failure'
  | 'trap'
  | 'task'
  | 'signal'
  | 'changed'
  | 'heading'
  | 'found';

/** A piece of a line. Its text is safe for a terminal. */
export interface Segment {
  readonly text: string;
  readonly tone: Tone;
}

export type StyledLine = readonly Segment[];

export const segment = (text: string, tone: Tone = 'plain'): Segment => ({ text, tone });
