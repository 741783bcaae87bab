/** A process that records the synthetic load until it is killed, or until so many calls: endless-writer.ts FILE [CALLS]. */
import { TraceWriterHandle } from '../../src/record/writer.ts';
import { CallLoad, RingProducer } from './ring-load.ts';
import { END, HEADER } from './trace-ends.ts';

const [path = '', calls = 'Infinity'] = process.argv.slice(2);
const producer = new RingProducer(1 << 23);
const load = new CallLoad(producer);
const writer = await TraceWriterHandle.open(path, HEADER);
writer.attach(producer.memory, producer.region);
while (load.calls < Number(calls)) {
  if (producer.free < 1 << 20 && !writer.waitForRoom()) break;
  load.call();
}
const { maxRSS } = process.resourceUsage();
await writer.close(END);
process.stdout.write(`${JSON.stringify({ failure: writer.failure, calls: load.calls, maxRSS })}\n`);
