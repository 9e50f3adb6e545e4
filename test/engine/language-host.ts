import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import services from '@pulumi/pulumi/proto/language_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/language_pb.js';
import plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { type Service, serve, unary } from './grpc-service.ts';

/** The runner has printed what went wrong. */
const ALREADY_SHOWN = 32;

/**
 * Stands for Pulumi's Node.js language host, which only comes by download: starts the SDK's own runner with the arguments
 * and the environment of the official one. It serves one CLI at a time, because it remembers its engine's address.
 */
export async function startLanguageHost(): Promise<Service> {
  let engine = '';
  const children = new Set<ChildProcess>();

  async function run(request: InstanceType<typeof messages.RunRequest>) {
    const info = request.getInfo();
    const directory = info?.getProgramDirectory() ?? '';
    const runner = createRequire(join(directory, 'noop.js')).resolve('@pulumi/pulumi/cmd/run');
    const flags = {
      monitor: request.getMonitorAddress(),
      engine,
      organization: request.getOrganization(),
      project: request.getProject(),
      'root-directory': info?.getRootDirectory(),
      stack: request.getStack(),
      pwd: directory,
    };
    const args = Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}`, value] : []));
    const child = spawn(
      process.execPath,
      [
        runner,
        ...args,
        ...(request.getDryrun() ? ['--dry-run'] : []),
        '--parallel',
        String(request.getParallel()),
        info?.getEntryPoint() ?? '.',
      ],
      {
        // What the program prints goes to the engine as well.
        stdio: 'ignore',
        env: {
          ...process.env,
          PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        },
      },
    );
    children.add(child);
    const exit = await new Promise<number | string | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal));
    }).finally(() => children.delete(child));
    const response = new messages.RunResponse();
    if (exit === ALREADY_SHOWN) response.setBail(true);
    else if (exit !== 0) response.setError(`Program exited with non-zero exit code: ${exit}`);
    return response;
  }

  const service = await serve(services.LanguageRuntimeService, {
    handshake: unary((request: InstanceType<typeof messages.LanguageHandshakeRequest>) => {
      engine = request.getEngineAddress();
      return new messages.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => new plugins.PluginInfo()),
    // The SDK names the version of a provider with each resource.
    getRequiredPackages: unary(() => new messages.GetRequiredPackagesResponse()),
    getProgramDependencies: unary(() => new messages.GetProgramDependenciesResponse()),
    about: unary(() => new messages.AboutResponse()),
    run: unary(run),
    cancel: unary(() => {
      for (const child of children) child.kill('SIGINT');
      return new empty.Empty();
    }),
  });
  return {
    port: service.port,
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill();
      await service[Symbol.asyncDispose]();
    },
  };
}
