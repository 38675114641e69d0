import { createTransport } from 'nodemailer';

/** A mail that is ready to go. */
export interface Mail {
  /** Becomes the Message-ID, by which a receiver knows a mail that came twice. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** What a transport says of a mail it took. */
export interface Receipt {
  readonly providerMessageId: string | null;
}

/** A way for mail to leave FlowMart. */
export interface MailTransport {
  readonly name: 'smtp' | 'kept';
  /** @throws the transport's error when the mail was not taken */
  send(mail: Mail): Promise<Receipt>;
  close(): void;
}

/** Sends through a mail server; `url` as in SMTP_URL. */
export function createSmtpTransport({ url, from }: { url: string; from: string }): MailTransport {
  const transport = createTransport({
    url,
    pool: true,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 10_000,
  });
  return {
    name: 'smtp',
    async send({ id, to, subject, text }) {
      const sent = await transport.sendMail({ from, to, subject, text, messageId: `<${id}@flowmart>` });
      return { providerMessageId: sent.messageId };
    },
    close: () => transport.close(),
  };
}

/** Without a mail server, mail stays where it is stored and is read through the API. */
export const keptTransport: MailTransport = {
  name: 'kept',
  send: () => Promise.resolve({ providerMessageId: null }),
  close: () => undefined,
};
