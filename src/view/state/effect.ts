/** What a key asks for beyond the state: work on the trace, or the outside. */
export type Effect =
  /** Move the cursor by so many events that are shown. */
  | { readonly do: 'move'; readonly by: number; readonly keepLine: boolean }
  | { readonly do: 'edge'; readonly which: 'first' | 'last' }
  | { readonly do: 'goTo'; readonly event: number }
  | { readonly do: 'seek'; readonly what: Criterion; readonly direction: 'forward' | 'backward' }
  | { readonly do: 'search'; readonly text: string; readonly direction: 'forward' | 'backward'; readonly from: number }
  | { readonly do: 'filter'; readonly text: string }
  | { readonly do: 'jump'; readonly text: string }
  | { readonly do: 'followDescriptor' }
  | { readonly do: 'followAddress'; readonly text: string }
  | { readonly do: 'pageOf'; readonly text: string }
  /** The next page that the event of the version on the screen wrote. */
  | { readonly do: 'otherPage' }
  /** The same page by its physical address, or by that of its process. */
  | { readonly do: 'pageSpace' }
  /** Other events are shown than before. */
  | { readonly do: 'refilter' }
  /** Look into what is under the cursor of the screen. */
  | { readonly do: 'open' }
  /** Show the page that the event under the cursor is about. */
  | { readonly do: 'showPage' }
  /** Another version of the page. */
  | { readonly do: 'page'; readonly by: number }
  | { readonly do: 'saveMarks' }
  | { readonly do: 'cancel' }
  | { readonly do: 'redraw' }
  /** Read what was recorded since. */
  | { readonly do: 'reload' }
  | { readonly do: 'quit' };

/** What the next event is to have in common with the one under the cursor; `failure`: that it is a call that failed. */
export type Criterion = 'failure' | 'process' | 'call' | 'file' | 'kind';
