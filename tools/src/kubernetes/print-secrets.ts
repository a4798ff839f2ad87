import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { keepSecrets, replacedPrincipals, secretsIn } from '../secrets.js';
import { secretManifests } from './secrets.js';

const USAGE = `npm run secrets -- --file secrets.json [options] | kubectl apply -f -

Makes the Secrets that the chart names. The file keeps them: made on the first call, read on every other. It holds the
keys without which personal data cannot be read: keep it where you keep such things, apart from the database.
  --namespace   regulars
  --postgres    host:port of PostgreSQL (postgres:5432)
  --database    regulars
  --smtp-url    smtp://sink:2525
  --replace-principals  first takes the next of three steps of replacing the keys with which services vouch for callers:
                        apply the Secrets and start every service anew (kubectl rollout restart) after each
  --trial       also what the servers of deploy/examples/single-node need`;

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    namespace: { type: 'string', default: 'regulars' },
    postgres: { type: 'string', default: 'postgres:5432' },
    database: { type: 'string', default: 'regulars' },
    'smtp-url': { type: 'string', default: 'smtp://sink:2525' },
    'replace-principals': { type: 'boolean', default: false },
    trial: { type: 'boolean', default: false },
  },
});
if (!values.file) {
  console.error(USAGE);
  process.exit(2);
}
const { namespace, postgres, database } = values;
if (values['replace-principals']) {
  const { secrets, step } = replacedPrincipals(await secretsIn(values.file));
  await keepSecrets(values.file, secrets);
  console.error(
    `${step}. Apply these Secrets and start every service anew${step === 'former keys are gone' ? '.' : ', then the next step.'}`,
  );
}
const items = secretManifests(await secretsIn(values.file), {
  namespace,
  postgres,
  database,
  smtpUrl: values['smtp-url'],
  ...(values.trial && { adminPassword: randomBytes(18).toString('base64url') }),
});
console.log(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2));
