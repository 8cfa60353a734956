import type { MessageTexts } from './message-texts.ts';

export const esMessages: MessageTexts = {
  sms: {
    plain: 'Tiene un recordatorio. Para leerlo: ',
    withOptOut: 'Tiene un recordatorio. Para darse de baja: STOP. Para leerlo: ',
  },
  code: 'Su clave: {code}. No se la dé a nadie.',
  email: {
    subject: 'Tiene un recordatorio',
    opening: 'Tiene un recordatorio.',
    reading: 'Para leerlo, abra este enlace:',
    link: 'Leer el recordatorio',
    never: 'Nunca pedimos dinero ni contraseñas.',
    stopping:
      'Para no recibir más correos como este, use la opción de darse de baja de su programa de correo.',
    address: 'La dirección del enlace:',
  },
};
