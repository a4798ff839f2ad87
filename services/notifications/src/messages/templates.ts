/** Languages that messages are written in. */
export const languages = ['zh-CN', 'en'] as const;
export type Language = (typeof languages)[number];

/** How a variable is written for the reader: as it stands, grouped by the language, or in the store's own time. */
export type VariableKind = 'text' | 'number' | 'moment';

/** Liquid. Besides the template's own variables there are `name` and, where the template is about a store, `store`. */
export interface MessageText {
  readonly subject: string;
  readonly paragraphs: readonly string[];
}

export interface Template {
  /** After how many hours it is no longer worth sending. */
  readonly goodForHours: number;
  /** Whether it speaks of a store, in whose time it tells moments. */
  readonly aboutStore: boolean;
  /** Whether it is sent to a member whose data is restricted too: she asked for it, or something was taken from her. */
  readonly isOwed: boolean;
  readonly variables: Readonly<Record<string, VariableKind>>;
  readonly texts: Readonly<Record<Language, MessageText>>;
}

/** Every text that is sent, in both languages (requirement N2). */
export const templates = {
  'points-earned': {
    goodForHours: 72,
    aboutStore: true,
    isOwed: false,
    variables: { points: 'number', balance: 'number' },
    texts: {
      'zh-CN': {
        subject: '您获得了 {{ points }} 积分',
        paragraphs: [
          '{{ name }}，您好：',
          '感谢光临{{ store }}。本次消费获得 {{ points }} 积分，当前积分余额 {{ balance }}。',
          '期待您再次光临。',
        ],
      },
      en: {
        subject: 'You earned {{ points }} points',
        paragraphs: [
          'Dear {{ name }},',
          'thank you for your visit to {{ store }}. It earned you {{ points }} points; your balance is now {{ balance }}.',
          'We look forward to seeing you again.',
        ],
      },
    },
  },
  'points-taken-back': {
    goodForHours: 72,
    aboutStore: false,
    isOwed: true,
    variables: { points: 'number', owed: 'number', balance: 'number' },
    texts: {
      'zh-CN': {
        subject: '退款扣回 {{ points }} 积分',
        paragraphs: [
          '{{ name }}，您好：',
          '您的消费已退款，相应扣回 {{ points }} 积分，当前积分余额 {{ balance }}。',
          '{% if owed != "0" %}其中已被使用的部分记为欠分 {{ owed }}，将从以后获得的积分中抵扣。{% endif %}',
        ],
      },
      en: {
        subject: '{{ points }} points were taken back after your refund',
        paragraphs: [
          'Dear {{ name }},',
          'a purchase of yours was refunded, and the {{ points }} points it had earned were taken back. Your balance is now {{ balance }}.',
          '{% if owed != "0" %}Of points that had been spent already you owe {{ owed }}, which will be set off against those you earn next.{% endif %}',
        ],
      },
    },
  },
  'one-time-code': {
    goodForHours: 1 / 6,
    aboutStore: false,
    isOwed: true,
    variables: { challenge: 'text', code: 'text' },
    texts: {
      'zh-CN': {
        subject: '您的验证码：{{ code }}',
        paragraphs: [
          '{{ name }}，您好：',
          '您的验证码是 {{ code }}，十分钟内有效，仅可使用一次。',
          '请勿将验证码告诉任何人，包括我们的员工。',
        ],
      },
      en: {
        subject: 'Your code: {{ code }}',
        paragraphs: [
          'Dear {{ name }},',
          'your code is {{ code }}. It is good for ten minutes, once.',
          'Please tell it to nobody, not even to our staff.',
        ],
      },
    },
  },
  'confirm-record': {
    goodForHours: 72,
    aboutStore: false,
    isOwed: false,
    variables: {},
    texts: {
      'zh-CN': {
        subject: '请确认您的会员资料',
        paragraphs: [
          '{{ name }}，您好：',
          '您的会员资料已有一段时间未经确认。请登录会员自助服务，核对手机号、电子邮箱和偏好后点击确认；也可在到店时请店员代为确认。',
          '如有变动，请一并更新。',
        ],
      },
      en: {
        subject: 'Is your record still right?',
        paragraphs: [
          'Dear {{ name }},',
          'it has been a while since you confirmed what we have written down about you. Please sign in and look at your mobile, your e-mail address and your preferences, or ask our staff at your next visit.',
          'If anything has changed, please tell us.',
        ],
      },
    },
  },
  'case-received': {
    goodForHours: 24,
    aboutStore: true,
    isOwed: true,
    variables: { number: 'text', respondBy: 'moment' },
    texts: {
      'zh-CN': {
        subject: '我们已收到您的反馈（编号 {{ number }}）',
        paragraphs: [
          '{{ name }}，您好：',
          '您对{{ store }}的反馈已收到，编号为 {{ number }}。',
          '我们承诺在 {{ respondBy }} 前给您答复。联系我们时请告知此编号。',
        ],
      },
      en: {
        subject: 'We have received your feedback (no. {{ number }})',
        paragraphs: [
          'Dear {{ name }},',
          'your feedback about {{ store }} has arrived. Its number is {{ number }}; please mention it when you contact us.',
          'You will hear from us by {{ respondBy }}.',
        ],
      },
    },
  },
} as const satisfies Readonly<Record<string, Template>>;

export type TemplateName = keyof typeof templates;

/** Its `code` and the address are asked of members when it is sent, so that they are stored nowhere. */
export const codeTemplate = 'one-time-code' satisfies TemplateName;

/** Values of a template's variables as a message keeps them: whole numbers, texts, moments in RFC 3339. */
export type Variables<Name extends TemplateName> = Readonly<
  Record<Exclude<keyof (typeof templates)[Name]['variables'], 'code'>, string | number>
>;

/** What is not sent to a member whose data is restricted (requirement M6). */
export const notOwed: readonly TemplateName[] = (Object.keys(templates) as TemplateName[]).filter(
  (name) => !templates[name].isOwed,
);
