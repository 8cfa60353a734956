import type { MessageTexts } from './message-texts.ts';

export const arMessages: MessageTexts = {
  sms: {
    plain: 'لديك تذكير. لقراءته: ',
    withOptOut: 'لديك تذكير. لوقف الرسائل: STOP. لقراءته: ',
  },
  code: 'رمزك: {code}. الرجاء عدم إعطائه لأي شخص.',
  email: {
    subject: 'لديك تذكير',
    opening: 'لديك تذكير.',
    reading: 'لقراءته، يرجى فتح هذا الرابط:',
    link: 'قراءة التذكير',
    never: 'نحن لا نطلب أبدًا مالًا أو كلمة مرور.',
    stopping:
      'للتوقف عن تلقي هذه الرسائل، يمكن استخدام خيار إيقاف الاشتراك في برنامج البريد الإلكتروني.',
    address: 'عنوان الرابط:',
  },
};
