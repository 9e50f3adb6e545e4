import { createHash } from 'node:crypto';
import plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import services from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import structs from 'google-protobuf/google/protobuf/struct_pb.js';
import { awsAnswer, computedBy } from '../../cli/preview/aws-computed.ts';
import { awsResource } from './aws-resource.ts';
import { type Service, serve, unary } from './grpc-service.ts';

/** The engine's word for a value that is not known during a preview. */
const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

type Values = Record<string, unknown>;

/** A call that changes something, in the order in which the engine made them. */
export interface ProviderCall {
  readonly method: 'create' | 'update' | 'delete';
  readonly type: string;
  readonly name: string;
}

export interface RecordingProvider extends Service {
  /** Calls that were not part of a preview; emptied by whoever has looked. */
  readonly calls: ProviderCall[];
  /** Makes the next call of that kind fail, once. */
  failNext(method: ProviderCall['method'], type: string): void;
}

/**
 * Stands for the AWS provider: makes nothing, and answers the engine as the provider would as far as plans depend on it.
 * It knows inputs from the SDK's declarations, what replaces a resource, generated names, and what is computed and
 * when; anything that it does not know is an error.
 */
export async function startRecordingProvider(): Promise<RecordingProvider> {
  const calls: ProviderCall[] = [];
  const failing: string[] = [];

  const record = (method: ProviderCall['method'], urn: string) => {
    calls.push({ method, type: typeOf(urn), name: nameOf(urn) });
    const told = failing.indexOf(`${method} ${typeOf(urn)}`);
    if (told < 0) return;
    failing.splice(told, 1);
    throw new Error(`told to fail: ${method} of ${nameOf(urn)}`);
  };

  const service = await serve(services.ResourceProviderService, {
    handshake: unary(() => {
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(true);
      response.setAcceptOutputs(true);
      return response;
    }),
    getPluginInfo: unary(() => {
      const info = new plugins.PluginInfo();
      info.setVersion('7.48.0');
      return info;
    }),
    getSchema: unary(() => {
      const response = new messages.GetSchemaResponse();
      response.setSchema('{}');
      return response;
    }),
    checkConfig: unary((request: InstanceType<typeof messages.CheckRequest>) => {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: unary(() => new messages.DiffResponse()),
    configure: unary(() => {
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setAcceptresources(true);
      response.setAcceptoutputs(true);
      return response;
    }),
    invoke: unary((request: InstanceType<typeof messages.InvokeRequest>) => {
      const response = new messages.InvokeResponse();
      response.setReturn(struct(awsAnswer(request.getTok())));
      return response;
    }),
    check: unary((request: InstanceType<typeof messages.CheckRequest>) => {
      const urn = request.getUrn();
      const news = plain(request.getNews());
      const resource = awsResource(typeOf(urn));
      for (const key of Object.keys(news)) {
        if (!resource.inputs.has(key) && !key.startsWith('__')) {
          throw new Error(`${nameOf(urn)}: ${typeOf(urn)} has no input ${key}`);
        }
      }
      for (const [key, required] of resource.inputs) {
        if (required && news[key] === undefined) {
          throw new Error(`${nameOf(urn)}: ${typeOf(urn)} needs ${key}`);
        }
      }
      const { named } = resource;
      if (named !== undefined) {
        news[named] ??= plain(request.getOlds())[named] ?? `${nameOf(urn)}-${suffix(urn)}`;
      }
      const response = new messages.CheckResponse();
      response.setInputs(struct(news));
      return response;
    }),
    diff: unary((request: InstanceType<typeof messages.DiffRequest>) =>
      difference(
        awsResource(typeOf(request.getUrn())).replacing,
        plain(request.getOldInputs()),
        plain(request.getNews()),
        request.getIgnorechangesList(),
      ),
    ),
    create: unary((request: InstanceType<typeof messages.CreateRequest>) => {
      const urn = request.getUrn();
      const inputs = plain(request.getProperties());
      const response = new messages.CreateResponse();
      if (request.getPreview()) {
        response.setProperties(struct({ ...inputs, ...unknown(typeOf(urn), nameOf(urn)) }));
        return response;
      }
      record('create', urn);
      response.setId(`${nameOf(urn)}-${suffix(urn)}`);
      response.setProperties(struct({ ...inputs, ...computedBy(typeOf(urn), nameOf(urn), inputs) }));
      return response;
    }),
    read: unary((request: InstanceType<typeof messages.ReadRequest>) => {
      const response = new messages.ReadResponse();
      response.setId(request.getId());
      response.setProperties(request.getProperties());
      response.setInputs(request.getInputs());
      return response;
    }),
    update: unary((request: InstanceType<typeof messages.UpdateRequest>) => {
      const urn = request.getUrn();
      const inputs = plain(request.getNews());
      const before = plain(request.getOlds());
      const response = new messages.UpdateResponse();
      if (!request.getPreview()) record('update', urn);
      const computed = computedBy(typeOf(urn), nameOf(urn), inputs);
      // Each change of a template is one version more, which a preview cannot know.
      if ('latestVersion' in computed) {
        computed.latestVersion = request.getPreview() ? UNKNOWN : Number(before.latestVersion) + 1;
      }
      response.setProperties(struct({ ...before, ...computed, ...inputs }));
      return response;
    }),
    delete: unary((request: InstanceType<typeof messages.DeleteRequest>) => {
      record('delete', request.getUrn());
      return new empty.Empty();
    }),
    cancel: unary(() => new empty.Empty()),
    attach: unary(() => new empty.Empty()),
  });
  return {
    port: service.port,
    calls,
    failNext: (method, type) => void failing.push(`${method} ${type}`),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

function difference(
  replacing: ReadonlySet<string>,
  olds: Values,
  news: Values,
  ignored: readonly string[],
): InstanceType<typeof messages.DiffResponse> {
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) =>
      !key.startsWith('__') &&
      !ignored.includes(key) &&
      JSON.stringify(olds[key]) !== JSON.stringify(news[key]),
  );
  const replaces = changed.filter((key) => replacing.has(key));
  const response = new messages.DiffResponse();
  const { DiffChanges } = messages.DiffResponse;
  response.setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
  response.setDiffsList(changed);
  response.setReplacesList(replaces);
  return response;
}

const typeOf = (urn: string) => urn.split('::')[2]?.split('$').at(-1) ?? '';
const nameOf = (urn: string) => urn.split('::')[3] ?? '';
const suffix = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 7);
const plain = (values: structs.Struct | undefined): Values => values?.toJavaScript() ?? {};
const struct = (values: Values) => structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(values)));

/** What is computed is not known before the thing is there. */
function unknown(type: string, name: string): Values {
  return Object.fromEntries(Object.keys(computedBy(type, name, {})).map((key) => [key, UNKNOWN]));
}
