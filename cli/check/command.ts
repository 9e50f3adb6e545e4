import { type Command, InvalidArgumentError } from 'commander';

const asServer = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new InvalidArgumentError('give the address of a server, for example https://meet.example.org.');
  return url.origin;
};

export function register(program: Command): void {
  program
    .command('check')
    .description('what this network lets through to a server: signalling, and each way for media')
    .argument('<url>', 'address of the server', asServer)
    .option('--json', 'only a JSON document on stdout', false)
    .addHelpText(
      'after',
      `
Joins a meeting of its own. A server that lets in only an application's people needs a participant's token, in the
environment as HOLDFAST_JOIN_TOKEN. The exit code is 1 when no meeting would work from here.

Examples:
  $ holdfast check https://meet.example.org
  $ holdfast check https://meet.example.org --json`,
    )
    .action(async (url: string, { json }: { readonly json: boolean }) => {
      const { checkServer } = await import('./check-server.ts');
      const { checkDocument, checkWords } = await import('./check-report.ts');
      const check = await checkServer(url, process.env.HOLDFAST_JOIN_TOKEN);
      const document = checkDocument(check);
      process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : checkWords(check));
      process.exitCode = document.works ? 0 : 1;
    });
}
