import { longDate } from './long-date.ts';
import type { MessageTexts } from './message-texts.ts';
import type { PatientTexts } from './patient-texts.ts';
import { zonePlace } from './zone-name.ts';

/** Keeps a number and what it counts on one line. */
const nb = '\u00a0';

const help = 'Llame al lugar donde pidió la cita, a un número que usted ya conozca.';

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

export const es: PatientTexts = {
  tag: 'es',
  direction: 'ltr',
  name: 'Español',
  title: 'Su recordatorio',
  errorTitlePrefix: 'Error: ',
  skipToContent: 'Ir al contenido',
  languageMenu: 'Idioma',
  help: `¿Necesita ayuda? ${help}`,
  checkLink: '¿Es auténtico este mensaje?',

  landing: {
    heading: 'Tiene un recordatorio',
    paragraphs: [
      'Es privado. Por eso, primero tenemos que comprobar que es usted.',
      'No necesita una cuenta. No le pediremos dinero.',
    ],
    continue: 'Continuar',
  },
  prove: {
    heading: 'Comprobemos que es usted',
    errorHeading: 'Hay un problema',
    ways: {
      passkey: 'Usar su llave de acceso',
      pin: 'Usar su PIN',
      portal: 'Entrar con su cuenta',
      birth_date: 'Usar la fecha de nacimiento',
      code: 'Recibir una clave por SMS',
    },
    call: `${help} Allí le dirán lo que necesita saber.`,
  },
  pin: {
    intro: 'Escriba su PIN para leer su recordatorio.',
    label: 'Su PIN',
    hint: 'De 6 a 8 cifras que le dieron al pedir la cita. No es el PIN de su tarjeta del banco ni el de su teléfono.',
    submit: 'Ver mi recordatorio',
    errors: {
      missing: 'Escriba su PIN',
      malformed: 'Su PIN debe tener de 6 a 8 cifras',
      refused:
        'No ha funcionado. Compruebe su PIN e inténtelo de nuevo. Después de varios intentos, espere 15 minutos.',
    },
    without: 'Si no tiene PIN',
  },
  birthDate: {
    intro: 'Escriba una fecha de nacimiento para leer su recordatorio.',
    legend: 'Fecha de nacimiento de la persona a la que va dirigido este recordatorio',
    hint: 'Por ejemplo, 27 3 1972',
    fields: [
      { part: 'day', label: 'Día' },
      { part: 'month', label: 'Mes' },
      { part: 'year', label: 'Año' },
    ],
    submit: 'Ver mi recordatorio',
    errors: {
      missing: 'Escriba la fecha de nacimiento',
      dayMissing: 'Falta el día en la fecha de nacimiento',
      monthMissing: 'Falta el mes en la fecha de nacimiento',
      yearMissing: 'Falta el año en la fecha de nacimiento',
      yearShort: 'El año debe tener 4 cifras',
      impossible: 'No es una fecha de nacimiento. Compruebe el día, el mes y el año',
      refused:
        'No ha funcionado. Compruebe la fecha e inténtelo de nuevo. Después de varios intentos, espere 15 minutos.',
    },
    without: 'Si esto no le funciona',
  },
  code: {
    offer: [
      'Podemos enviar una clave al teléfono que se dio al pedir la cita. Después, escríbala aquí.',
      'No enviamos nada hasta que usted pulse el botón.',
    ],
    send: 'Enviarme una clave',
    haveOne: 'Escribir la clave recibida',
    heading: 'Escriba su clave',
    sent: 'La clave llega por SMS. Puede tardar un minuto. Deje abierta esta página.',
    label: 'La clave recibida por SMS',
    hint: '6 cifras. Valen durante 10 minutos, solo en este navegador.',
    submit: 'Ver mi recordatorio',
    errors: {
      missing: 'Escriba la clave recibida por SMS',
      malformed: 'La clave debe tener 6 cifras',
      refused:
        'No ha funcionado. Use la clave más reciente o pida otra. Después de varios intentos, espere 15 minutos.',
    },
    againHeading: 'Si no ha llegado ninguna clave',
    againHint: 'Pida otra. Entonces solo vale la más reciente.',
    again: 'Enviarme otra clave',
    without: 'Si no puede recibir SMS',
    sending: {
      tooSoon: 'Se acaba de pedir una clave. Espere 30 segundos antes de pedir otra.',
      limit: 'Por ahora no podemos enviar otra clave. Para protegerle, enviamos muy pocas.',
      refused:
        'No hemos podido enviar la clave. Espere un minuto e inténtelo de nuevo, o elija otra manera.',
      optedOut:
        'No hemos podido enviar la clave porque alguien respondió STOP a nuestros mensajes desde ese teléfono. Para volver a recibirlos, envíe START al mismo número.',
      uncertain: 'No sabemos si su clave se ha enviado. Si no ha llegado en un minuto, pida otra.',
    },
  },
  portal: {
    offer: [
      'Puede entrar con la cuenta que tiene en el lugar donde pidió la cita.',
      'Le llevamos a su página de acceso, y desde allí vuelve aquí. Escriba su contraseña solo en esa página: nosotros nunca la pedimos.',
    ],
    start: 'Ir a la página de acceso',
    problems: {
      unavailable:
        'La página de acceso no responde en este momento. Espere unos minutos o elija otra manera.',
      cancelled: 'No se ha terminado de entrar. Inténtelo de nuevo o elija otra manera.',
      refused: 'No ha funcionado. Compruebe que entra con su propia cuenta o elija otra manera.',
    },
    without: 'Si no tiene cuenta',
  },
  passkeys: {
    link: 'Usar una llave de acceso la próxima vez',
    ask: 'Use la llave de acceso que creó aquí. Su teléfono u ordenador le pide su huella, su cara o su código.',
    use: 'Usar mi llave de acceso',
    missing:
      'Las llaves de acceso no funcionan en este navegador. No pierde nada: hay otras maneras.',
    failed: 'No ha funcionado, o lo ha detenido. No ha cambiado nada. Puede intentarlo de nuevo.',
    refused: 'No ha funcionado. Inténtelo de nuevo o elija otra manera.',
    without: 'Si no tiene una llave de acceso aquí',
    heading: 'Llaves de acceso',
    about: [
      'Con una llave de acceso demuestra que es usted con su huella, su cara o el código de su teléfono. No tiene que recordar nada.',
      'Cree una solo en un teléfono u ordenador que sea únicamente suyo. También abre sus próximos recordatorios del mismo lugar.',
    ],
    make: 'Crear una llave de acceso',
    yours: 'Sus llaves de acceso',
    remove: (tag) => `Eliminar ${tag}`,
    back: 'Volver',
    news: {
      made: 'Su llave de acceso está creada. La próxima vez podrá usarla.',
      refused: 'La llave de acceso no se ha creado. Inténtelo de nuevo.',
      tooMany: 'Tiene demasiadas llaves de acceso. Elimine una primero.',
    },
  },
  details: {
    heading: 'Su cita',
    moved: 'Esta cita ha cambiado de fecha u hora. Aquí tiene la nueva.',
    cancelled: 'Esta cita está cancelada. No hace falta que venga.',
    when: 'Cuándo',
    plannedFor: 'Estaba prevista para',
    duration: 'Duración',
    for: 'Para',
    practitioner: 'Con',
    specialty: 'Especialidad',
    place: 'Dónde',
    instructions: 'Lo que debe saber antes de venir',
    phone: 'Teléfono',
    reason: 'Motivo',
    change: 'Para cambiar la cita, o si algo le parece extraño, llame por teléfono.',
    again: 'Para pedir otra cita, llame por teléfono.',
    restHeading: 'Para verlo todo',
    rest: 'La fecha de nacimiento solo muestra el día y la hora. Para ver lo demás, elija una manera:',
    closesIn: (duration) =>
      `Para protegerle, esta página dejará de funcionar si no hace nada durante ${duration}.`,
    closesFinally: (duration) =>
      `Para protegerle, esta página dejará de funcionar dentro de ${duration}.`,
    moreTime: 'Necesito más tiempo',
    leaveHint: 'Cuando haya terminado, salga de esta página para que nadie más pueda leerla.',
    leave: 'Salir de esta página',
  },
  locked: {
    heading: 'Demasiadas respuestas incorrectas',
    paragraphs: [
      'Hemos bloqueado este acceso al recordatorio para proteger a la persona a la que va dirigido.',
      'Esto no cambia nada en la cita.',
      help,
    ],
    otherWays: 'Lo que todavía funciona',
    helpCode: 'Código de ayuda',
    helpCodeHint: 'Quizá se lo pidan. No dice nada de usted.',
  },
  notices: {
    linkUnusable: {
      heading: 'Este enlace ya no funciona.',
      paragraphs: [
        'Esto no cambia nada en sus citas.',
        'Si no sabe con seguridad cuándo tiene que venir: llame al lugar donde pidió la cita, a un número que usted ya conozca.',
      ],
    },
    sessionEnded: {
      heading: 'Esta página se ha cerrado',
      paragraphs: [
        'Para protegerle, se cierra al cabo de un rato.',
        'Para volver, abra otra vez el enlace de su mensaje. Volveremos a comprobar que es usted.',
      ],
    },
    cookiesRefused: {
      heading: 'Su navegador no acepta cookies',
      paragraphs: [
        'Necesitamos una, para recordar que es usted hasta que se vaya. No sirve para nada más.',
        'Permita las cookies en este sitio o use otro navegador. Después, abra otra vez el enlace de su mensaje.',
      ],
    },
    formExpired: {
      heading: 'Este formulario es demasiado antiguo',
      paragraphs: ['No se ha cambiado nada.', 'Abra otra vez el enlace de su mensaje.'],
    },
    problem: {
      heading: 'Lo sentimos, el servicio tiene un problema',
      paragraphs: [
        'Esto no cambia nada en su cita.',
        'Espere unos minutos y abra otra vez el enlace de su mensaje.',
      ],
    },
    left: {
      heading: 'Ha salido de su recordatorio',
      paragraphs: [
        'Ya puede cerrar esta ventana.',
        'Para volver a leer el recordatorio, abra el enlace de su mensaje.',
      ],
    },
  },
  optOut: {
    link: 'No recibir más estos mensajes',
    heading: '¿Quiere dejar de recibir estos mensajes?',
    stops: {
      sms: 'No enviaremos más recordatorios a este número de teléfono.',
      email: 'No enviaremos más recordatorios a esta dirección de correo.',
    },
    everywhere:
      'Vale para todos los que envían sus recordatorios con nuestro servicio, no solo para uno.',
    unchanged: 'Sus citas siguen igual. Esto no anula nada.',
    button: 'Dejar de recibir mensajes',
    back: 'Volver sin cambiar nada',
    doneHeading: 'Ya no recibirá mensajes',
    stopped: {
      sms: 'Ya no enviamos recordatorios a este número de teléfono.',
      email: 'Ya no enviamos recordatorios a esta dirección de correo.',
    },
    onItsWay: 'Un mensaje que ya esté en camino todavía puede llegar.',
    again: 'Si quiere volver a recibir mensajes: pídalo en el lugar donde pidió la cita.',
    againByReply:
      'Si quiere volver a recibir mensajes: envíe la palabra START al número desde el que llegaban, o pídalo en el lugar donde pidió la cita.',
  },
  check: {
    heading: '¿Es auténtico este mensaje?',
    intro:
      'Nuestros mensajes dicen muy poco. Es a propósito: quien vea su teléfono no sabrá nada de usted.',
    sentencesHeading: 'Qué dicen nuestros mensajes',
    sentences:
      'Siempre una de estas frases, tal cual, y después un solo enlace. Nunca un nombre, una fecha o un lugar.',
    linkHeading: 'De dónde vienen',
    link: 'El enlace empieza siempre así, letra por letra:',
    sender: (sender) => `El remitente de nuestros SMS es siempre ${sender}.`,
    subject: 'Nuestros correos dicen lo mismo y siempre llevan uno de estos asuntos:',
    emailSender: (address) => `Nuestros correos vienen siempre de ${address}.`,
    code: 'Si pide una clave en nuestra página, le llega en uno de estos mensajes. No lleva ningún enlace.',
    neverHeading: 'Qué no pedimos nunca',
    never: [
      'Dinero, o el número de una tarjeta del banco',
      'Su cuenta bancaria, ni nada que le haya dado su banco',
      'Una contraseña',
    ],
    doubtHeading: 'Si tiene dudas',
    doubt: [
      'No abra el enlace. No pierde nada: su cita sigue igual.',
      `${help} No use un número que venga en el mensaje.`,
    ],
  },

  writeDate: (date) => longDate('es-ES', date).replace(/^./, (first) => first.toUpperCase()),
  writeTime: (time) => {
    const clock = `${time.hour}:${String(time.minute).padStart(2, '0')}`;
    return `${time.hour === 1 ? 'a la' : 'a las'} ${clock}${nb}${partOfDay(time.hour)}`;
  },
  writeZone: (at) => `hora local: ${zonePlace('es', at)}`,
};

/** "9:30" alone could be read as either half of the day; from 13 on the number says it. */
function partOfDay(hour: number): string {
  if (hour === 0 || hour > 12) return 'h';
  if (hour === 12) return `del${nb}mediodía`;
  return hour < 6 ? `de la${nb}madrugada` : `de la${nb}mañana`;
}
