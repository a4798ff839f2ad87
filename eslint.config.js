import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const suffixes = ['service', 'store', 'controller', 'consumer', 'job', 'client', 'guard', 'module', 'config', 'ops'];
const services = 'services/*/src/**/*.ts';
const tests = ['**/*.spec.ts', 'services/*/test/**/*.ts'];

/** Imports of files with these suffixes, in a room of their own or in another. */
const files = (names, message) => ({ regex: `^\\.{1,2}/.*\\.(${names.join('|')})\\.js$`, message });
const packages = (names, message) => ({ regex: `^(${names.join('|')})(/|$)`, message, allowTypeImports: true });

const otherRoomsStore = {
  regex: '^\\.\\./.*\\.store\\.js$',
  message: "Rooms call each other through services, never through another room's store.",
};
const otherServices = {
  regex: '^@regulars/(gateway|stores|members|loyalty|complaints|surveys|notifications)(/|$)|^(\\.\\./)+services/',
  message: 'A service knows the others through their contracts only.',
};
const kafka = { regex: '^kafkajs$|^@platformatic/kafka$', message: 'Only libs/messaging knows the Kafka client.' };
const testOnly = {
  regex: '^@regulars/(testing|tools|bench|faults)$|^(@jest/globals|supertest|fast-check)$',
  message: 'Tests only.',
};

const always = [otherServices, kafka, testOnly];
const restrict = (...patterns) => ['error', { patterns: [...always, ...patterns] }];

const bannedName = 'Identifier[name=/[a-z](Manager|Helper|Util|Utils|Processor|Impl)$/]';
const named = ['ClassDeclaration', 'FunctionDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration'].map(
  (kind) => ({
    selector: `${kind} > ${bannedName}.id`,
    message: 'Name it after what it is in the business (glossary), not after its role in the code.',
  }),
);

const pure = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'The clock is passed in.',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'The clock is passed in.' },
  {
    selector: "MemberExpression[object.object.name='Temporal'][object.property.name='Now']",
    message: 'The clock is passed in.',
  },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Rules have no randomness.' },
  { selector: "MemberExpression[object.name='process']", message: 'Rules read no environment.' },
  { selector: 'AwaitExpression', message: 'A file without a suffix does no I/O.' },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      'libs/contracts/src/',
      'libs/client/src/schema.ts',
      '.nx/',
      '.regulars/',
      '**/*.mjs',
      '*.js',
      '**/out/',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createTypeScriptImportResolver({ project: ['libs/*', 'services/*', 'tools'], noWarnOnMultipleProjects: true }),
      ],
    },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'max-lines': ['error', { max: 400 }],
      'no-restricted-syntax': ['error', ...named],
      '@typescript-eslint/no-restricted-imports': restrict(),
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A Nest module is a class with a decorator and nothing inside.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      // An async method that has nothing to wait for still keeps the contract of its callers.
      '@typescript-eslint/require-await': 'off',
      // Nest and messaging use classes as injection tokens for what is given as plain objects.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `||` for empty strings of proto3, where empty means missing.
      '@typescript-eslint/prefer-nullish-coalescing': 'off',
    },
  },
  {
    files: ['libs/messaging/**/*.ts', 'libs/testing/**/*.ts', 'tools/**/*.ts', 'bench/**/*.ts', 'faults/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
  {
    files: [services],
    ignores: [...suffixes.map((suffix) => `**/*.${suffix}.ts`), '**/main.ts', ...tests],
    rules: {
      'no-restricted-syntax': ['error', ...named, ...pure],
      '@typescript-eslint/no-restricted-imports': restrict(
        files(suffixes, 'Rules import rules only.'),
        packages(
          [
            '@nestjs/.*',
            'typeorm',
            'pg',
            '@grpc/.*',
            'rxjs',
            'fastify',
            'nodemailer',
            '@regulars/messaging',
            'node:(fs|net|http|https|child_process|dns)',
          ],
          'A file without a suffix does no I/O.',
        ),
      ),
    },
  },
  {
    files: ['services/*/src/**/*.service.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': restrict(
        otherRoomsStore,
        files(
          ['controller', 'consumer', 'job', 'module'],
          'Services import rules, stores, clients and other services.',
        ),
      ),
    },
  },
  {
    files: ['services/*/src/**/*.store.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': restrict(
        files(
          ['service', 'controller', 'consumer', 'job', 'client', 'guard', 'module', 'store'],
          'Stores import rules only.',
        ),
      ),
    },
  },
  {
    files: ['controller', 'consumer', 'job'].map((suffix) => `services/*/src/**/*.${suffix}.ts`),
    rules: {
      '@typescript-eslint/no-restricted-imports': restrict(
        files(['store', 'controller', 'consumer', 'job', 'module'], 'Controllers, consumers and jobs import services.'),
      ),
    },
  },
  {
    files: tests,
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [otherServices, kafka] }],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
