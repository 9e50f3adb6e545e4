import { writeFileSync } from 'node:fs';
import { stackFileSchema } from '@holdfast/components/settings-schema.ts';

// `npm run stack:schema`: the schema of a stack's configuration, from the contract. A test finds it out of date.
writeFileSync(
  new URL('stack-config.schema.json', import.meta.url),
  `${JSON.stringify(stackFileSchema(), null, 2)}\n`,
);
