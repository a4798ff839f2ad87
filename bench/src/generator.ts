import { type LoadJob, putLoad } from './load.js';

/** The process that puts load on a server: told a job at a time by the one that measures. */
process.on('message', (job: LoadJob) => {
  putLoad(job).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
