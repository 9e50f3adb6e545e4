// Which way imports may point. See docs/architecture.md for the layout that this protects.

const ours = '^(cli|components|coturn-config-lite|lifecycle-hooks|media-server|stacks|test)/';

/**
 * A rule for a folder that may use only some of ours.
 * @param {string} name
 * @param {string} comment
 * @param {string} from
 * @param {string[]} may the folders it may import from, its own among them
 * @returns {import('dependency-cruiser').IRegularForbiddenRuleType}
 */
function onlyFrom(name, comment, from, may) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: `^${from}/` },
    to: { path: ours, pathNot: `^(${may.join('|')})/` },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module, or lack a third that both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-missing-modules',
      comment: 'This import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tests-in-the-program',
      comment: 'Tests see the program; the program does not see them.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'commands-are-outermost',
      comment: 'Commands use everything; only tests use commands.',
      severity: 'error',
      from: { pathNot: '^(cli|test)/' },
      to: { path: '^cli/' },
    },
    {
      name: 'no-pulumi-at-run-time',
      comment: 'What runs on a machine does not carry the tool that made the machine.',
      severity: 'error',
      from: { path: '^(coturn-config-lite|lifecycle-hooks|media-server)/' },
      to: { path: '(^|/)node_modules/@pulumi/' },
    },
    {
      name: 'no-node-in-browsers',
      comment: 'These folders are bundled for browsers, which have no modules of Node.',
      severity: 'error',
      from: { path: '^media-server/(client|protocol|web)/', pathNot: '(vite\\.config|write-document)\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'cloud-sdks-through-one-door',
      comment: 'An SDK is large: one file loads it, when it is called. Its types cost nothing.',
      severity: 'error',
      from: { pathNot: '^lifecycle-hooks/clouds/[^/]+/[^/]+-sdk\\.ts$' },
      to: { path: '(^|/)node_modules/@aws-sdk/', dependencyTypesNot: ['type-only'] },
    },
    onlyFrom(
      'protocol-is-the-bottom',
      'Everybody depends on the protocol, so it depends on nobody.',
      'media-server/protocol',
      ['media-server/protocol'],
    ),
    onlyFrom(
      'config-is-near-the-bottom',
      'Rendered by components and parsed by every process: of ours it may use the protocol only.',
      'media-server/config',
      ['media-server/config', 'media-server/protocol'],
    ),
    onlyFrom(
      'capacity-is-pure',
      'Media node, control plane and autoscaler count load the same way, so it knows none of them.',
      'media-server/capacity',
      ['media-server/capacity', 'media-server/protocol'],
    ),
    onlyFrom(
      'client-speaks-the-protocol-only',
      'The client is for every application, so it knows nothing of our server but its protocol.',
      'media-server/client',
      ['media-server/client', 'media-server/protocol'],
    ),
    onlyFrom(
      'pages-use-the-client',
      'The pages are an application of the client, with no other way in.',
      'media-server/web',
      ['media-server/web', 'media-server/client', 'media-server/protocol'],
    ),
    {
      name: 'roles-meet-in-the-protocol',
      comment:
        'Media node, TURN server and control plane are different machines; they share messages, not code.',
      severity: 'error',
      from: { path: '^media-server/(media-node|control-plane|turn-server)/' },
      to: { path: '^media-server/(media-node|control-plane|turn-server)/', pathNot: '^media-server/$1/' },
    },
    {
      name: 'servers-without-browser-code',
      comment: 'A server serves the built pages; it imports neither them nor the client.',
      severity: 'error',
      from: {
        path: '^(lifecycle-hooks/|media-server/(capacity|config|control-plane|drain|machine|media-node|process|registration|turn-server)/)',
      },
      to: { path: '^media-server/(client|web)/' },
    },
    onlyFrom(
      'process-is-plumbing',
      'What every process does the same way knows none of them.',
      'media-server/process',
      ['media-server/process', 'media-server/config', 'media-server/protocol'],
    ),
    onlyFrom(
      'machine-is-found-before-all',
      'A process finds out what machine it is on before it starts anything.',
      'media-server/machine',
      ['media-server/machine', 'media-server/config', 'media-server/protocol'],
    ),
    onlyFrom(
      'registration-knows-no-role',
      'Every role tells the control plane of itself in the same way, so what it tells is handed in.',
      'media-server/registration',
      ['media-server/registration', 'media-server/config', 'media-server/process', 'media-server/protocol'],
    ),
    onlyFrom(
      'drain-knows-no-role',
      'Every role is emptied through the same door, so what empties it is handed in.',
      'media-server/drain',
      ['media-server/drain', 'media-server/process', 'media-server/protocol'],
    ),
    onlyFrom(
      'hooks-know-messages-not-servers',
      'The drain agent must outlive the media server, so it shares messages, configuration, arithmetic and plumbing alone.',
      'lifecycle-hooks',
      [
        'lifecycle-hooks',
        'media-server/capacity',
        'media-server/config',
        'media-server/machine',
        'media-server/process',
        'media-server/protocol',
      ],
    ),
    onlyFrom(
      'components-describe',
      'Components render the configuration of what runs, and contain none of it.',
      'components',
      ['components', 'coturn-config-lite', 'media-server/config', 'media-server/protocol'],
    ),
    onlyFrom('stacks-use-components', 'A stack is made of components.', 'stacks', [
      'stacks',
      'components',
      'coturn-config-lite',
      'media-server/config',
      'media-server/protocol',
    ]),
    onlyFrom('coturn-config-alone', 'It is of use without Holdfast.', 'coturn-config-lite', [
      'coturn-config-lite',
    ]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Copies that a mutation run makes of the sources while it goes on.
    exclude: { path: '(^|/)(dist|\\.mutation)/' },
    // Imports of types point the same way as all others.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
