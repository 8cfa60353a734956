import type { Page } from 'playwright-core';

/** What a patient types. */
export interface Typed {
  readonly pin?: string;
  readonly code?: string;
  /** `YYYY-MM-DD` */
  readonly birthDate?: string;
}

/** Where codes arrive: begins to listen, and then waits for the next one. */
export type Phone = () => Promise<() => Promise<string>>;

type Question = 'pin' | 'birthDate' | 'code';

/** What a page that asks it holds, and where it stands. */
const questions: Readonly<Record<Question, { asks: string; path: string }>> = {
  pin: { asks: '[name="pin"]', path: '/prove/pin' },
  birthDate: { asks: '[name="birth-day"]', path: '/prove/birth-date' },
  code: { asks: 'form[action="/code/send"]', path: '/code/send' },
};

/** A patient at a browser without a script: does what the page before them asks for. */
export function patientAt(page: Page) {
  const step = () => page.locator('main').getAttribute('data-step');
  const words = async () => (await page.locator('main').textContent()) ?? '';

  /** Presses the button of a form, found by its address or by a field in it. */
  async function press(form: string): Promise<void> {
    const button = page.locator(`form${form}`).first().locator('button').first();
    await Promise.all([page.waitForEvent('load'), button.click()]);
  }

  return {
    step,
    words,
    /** Opens a link and goes on from the page that is the same for everyone. */
    async open(link: string): Promise<number> {
      const response = await page.goto(link);
      if ((await step()) === 'landing') await press('[action="/prove"]');
      return response?.status() ?? 0;
    },
    /** Takes the way to another question, if the page does not ask it already. */
    async turnTo(question: Question): Promise<void> {
      const { asks, path } = questions[question];
      if ((await page.locator(asks).count()) > 0) return;
      await Promise.all([page.waitForEvent('load'), page.click(`main a[href="${path}"]`)]);
    },
    /** Asks for a code by SMS and waits for it. */
    async askForCode(phone: Phone): Promise<string> {
      const nextCode = await phone();
      await press('[action="/code/send"]');
      return nextCode();
    },
    async answer(typed: Typed): Promise<void> {
      if (typed.pin !== undefined) {
        await page.fill('input[name="pin"]', typed.pin);
        await press(':has([name="pin"])');
      }
      if (typed.code !== undefined) {
        await page.fill('input[name="code"]', typed.code);
        await press(':has([name="code"])');
      }
      if (typed.birthDate !== undefined) {
        const [year = '', month = '', day = ''] = typed.birthDate.split('-');
        await page.fill('input[name="birth-day"]', day);
        await page.fill('input[name="birth-month"]', month);
        await page.fill('input[name="birth-year"]', year);
        await press(':has([name="birth-day"])');
      }
    },
    press,
  };
}
