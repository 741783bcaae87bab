import { openFlags } from '../../replay/strace/flags.ts';
import { type DescriptorSpan, descriptorSpans } from './descriptor-spans.ts';
import { ListScan } from './listed.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { TableSource } from './scan.ts';

function putSpan(span: DescriptorSpan, rows: RowBuffer): number {
  const at = rows.next();
  rows.narrow('pid')?.put(at, span.tgid);
  if (span.tid !== undefined) rows.narrow('tid')?.put(at, span.tid);
  rows.narrow('fd')?.put(at, span.fd);
  if (span.comm !== undefined) rows.text('comm')?.often(at, span.comm);
  rows.text('opened_by')?.often(at, span.openedBy);
  rows.wide('description')?.put(at, span.file.id);
  rows.wide('event')?.put(at, span.from.event);
  rows.wide('time')?.put(at, span.from.time);
  if (span.to === undefined) return at;
  rows.wide('end_event')?.put(at, span.to.event);
  rows.wide('end_time')?.put(at, span.to.time);
  return at;
}

function putFile(span: DescriptorSpan, rows: RowBuffer): void {
  const at = putSpan(span, rows);
  const { file, closeOnExec, closedBy } = span;
  rows.text('kind')?.often(at, file.kind);
  rows.text('path')?.text(at, span.path);
  if (file.kind === 'file') rows.text('flags')?.often(at, openFlags(file.flags));
  rows.truth('cloexec')?.put(at, closeOnExec);
  if (closedBy !== undefined) rows.text('closed_by')?.often(at, closedBy);
}

function putSocket(span: DescriptorSpan, rows: RowBuffer): void {
  const at = putSpan(span, rows);
  const { family, type, local, peer } = span.file.socket!;
  rows.text('family')?.often(at, family);
  rows.text('type')?.often(at, type);
  if (local !== undefined) rows.text('local')?.text(at, local);
  if (peer !== undefined) rows.text('peer')?.text(at, peer);
  rows.wide('sent')?.put(at, span.sent);
  rows.wide('received')?.put(at, span.received);
}

export const files: TableSource = {
  open: (request, _rows, count) => new ListScan(() => descriptorSpans(request, count, { transfers: false }), putFile),
};

export const sockets: TableSource = {
  open: (request, rows, count) => {
    const transfers = rows.wants('sent', 'received');
    const spans = () => descriptorSpans(request, count, { transfers }).filter(({ file }) => file.socket !== undefined);
    return new ListScan(spans, putSocket);
  },
};
