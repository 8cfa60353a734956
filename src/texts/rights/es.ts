import type { RightsTexts } from '../rights-texts.ts';

export const esRights: RightsTexts = {
  link: 'Lo que guardamos sobre usted',
  heading: 'Lo que guardamos sobre usted',
  intro:
    'Esto es todo lo que guardamos para este recordatorio. Está cerrado y solo se abre con su enlace.',
  fromBooking: 'Del lugar donde pidió la cita',
  yourPhone: 'Su número de teléfono',
  yourEmail: 'Su dirección de correo',
  yourLanguage: 'Su idioma',
  yourBirthDate: 'Su fecha de nacimiento',
  yourAccount: 'Su identificador allí',
  yourPin: 'Su PIN',
  pinSet: 'Guardamos uno. No se muestra.',
  messages: 'Mensajes para usted',
  channels: { sms: 'SMS', email: 'Correo' },
  states: {
    planned: 'previsto',
    sent: 'enviado',
    not_sent: 'no enviado',
    unknown: 'no sabemos si salió',
  },
  stoppedSince: (date) => `Usted dejó de recibir nuestros mensajes el ${date}.`,
  keptUntil: (date) =>
    `Todo esto desaparece por sí solo el ${date}. Después guardamos un tiempo que hubo un recordatorio y cuándo, pero no de quién.`,
  download: 'Guardar una copia',
  eraseLink: 'Borrar todo esto ahora',
  back: 'Volver al recordatorio',
  erase: {
    heading: '¿Quiere borrar este recordatorio?',
    paragraphs: [
      'Destruimos al momento todo lo que ha visto aquí. Ya no recibirá recordatorios de esta cita, y su enlace dejará de funcionar.',
      'Su cita sigue igual. Si no quiere ir, llame al lugar donde la pidió.',
      'Allí sabrán que usted ha borrado el recordatorio. Sus propios archivos no podemos borrarlos.',
      'Esto no se puede deshacer.',
    ],
    button: 'Borrar todo',
    back: 'Volver sin borrar nada',
  },
  erased: {
    heading: 'Todo está borrado',
    paragraphs: [
      'Su cita sigue igual.',
      'Un mensaje que ya esté en camino todavía puede llegar. Su enlace ya no funciona.',
    ],
    receiptHeading: 'Su justificante',
    receiptHint: 'Si quiere poder demostrarlo, guarde este texto. No dice quién es usted.',
  },
  passkeys: {
    one: ({ tag, madeOn, usedOn }) =>
      `${tag}: creada el ${madeOn}, usada por última vez el ${usedOn}`,
    warning:
      'Usted tiene llaves de acceso aquí. Quizá abran también otros recordatorios del mismo lugar. También las eliminamos, a menos que las conserve.',
    keep: 'Borrar, pero conservar mis llaves de acceso',
    removed:
      'Sus llaves de acceso están eliminadas aquí. Para quitarlas también de su teléfono u ordenador, elimínelas allí.',
  },
};
