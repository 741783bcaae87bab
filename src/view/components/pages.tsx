import { type AddressRange, placeText } from '../../analyze/history/place.ts';
import { printable } from '../../replay/printable.ts';
import type { Session } from '../session.ts';
import { grouped, seconds } from '../source/numbers.ts';
import type { PageHistory } from '../source/page-history.ts';
import { type StyledLine, segment } from '../tone.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

const EXTENTS: Readonly<Record<PageHistory['extent'], string>> = {
  reading: ' so far',
  'too many': ', the first of more',
  whole: '',
};

/** As one would type it: its length is the same always. */
const pageText = (place: AddressRange): string => placeText({ ...place, length: 1n });

const plain = (text: string): StyledLine => [segment(`  ${text}`, 'dim')];

const NO_PAGE: readonly StyledLine[] = [
  [],
  plain('The history of a page: who wrote to it, and what it held.'),
  [],
  plain('Put the cursor on a page-write or pages event and press 4,'),
  plain('or press a here and type an address.'),
  plain('A trace has writes when it was recorded with --watch page:ADDRESS,'),
  plain('or with --traps pages.'),
];

function nothing({ place, extent }: PageHistory): readonly StyledLine[] {
  const page = pageText(place);
  if (extent === 'reading') return [[], plain(`looking for writes to page ${page}`)];
  return [
    [],
    plain(`The trace tells of no write to page ${page}.`),
    plain('Next time: record --watch page:ADDRESS,'),
    plain('or --traps pages for all pages that change.'),
  ];
}

/** A page at one of its versions: who wrote it, and its bytes with those marked that changed. */
export function Pages({ session }: { readonly session: Session }) {
  const { columns, lists } = session.state;
  const { bodyRows } = session;
  const page = session.pages.shown;
  const version = page?.version;
  if (page === undefined || version === undefined) {
    const lines = page === undefined ? NO_PAGE : nothing(page.history);
    return (
      <>
        <Line line={[segment('page', 'dim')]} columns={columns} />
        <Lines lines={lines} columns={columns} rows={bodyRows} />
      </>
    );
  }
  const { history, at } = page;
  const place = session.source.model.store.at(version.event);
  const line = place && session.source.lines.line(place);
  const who = line?.identity === undefined ? '?' : `${line.identity.pid} ${printable(line.identity.comm)}`;
  const head: StyledLine[] = [
    [
      segment(`page ${pageText(history.place)}`, 'strong'),
      segment(`  write ${grouped(at + 1)} of ${grouped(history.versions.length)}${EXTENTS[history.extent]}`),
      segment('   ← before  → after', 'dim'),
    ],
    [
      segment(`#${version.event}  ${line === undefined ? '' : seconds(line.time, 6)} s  `, 'dim'),
      segment(who, 'task'),
      segment('  '),
      ...(line?.body ?? []),
      ...(line?.result ?? []),
    ],
  ];
  const { top } = lists.pages;
  return (
    <>
      <Line line={head[0]!} columns={columns} />
      <Lines lines={[head[1]!, ...page.lines.slice(top)]} columns={columns} rows={bodyRows} />
    </>
  );
}
