"""What people in the demo's world say: pairs of what a customer writes and what is answered, by language.

``{n}`` stands for a small number, ``{day}`` for a weekday of that language.
"""

from __future__ import annotations

DAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
    "de": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"],
    "ar": ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة"],
    "ru": ["понедельник", "вторник", "среду", "четверг", "пятницу"],
    "ja": ["月曜日", "火曜日", "水曜日", "木曜日", "金曜日"],
    "fr": ["lundi", "mardi", "mercredi", "jeudi", "vendredi"],
    "es": ["lunes", "martes", "miércoles", "jueves", "viernes"],
}

GREETING = [
    "Hello! This is Marta. We met at the pier last weekend 👋",
    "Is there a place left in the kayak tour on {day}?",
]
"""The last messages of whoever greets; both wait for an answer."""

DIALOGUES: dict[str, list[tuple[str, str]]] = {
    "en": [
        ("Hi! Is the kayak tour on {day} still on?", "Hello! Yes, it is. {n} seats are left."),
        ("Great, can you hold two for me?", "Done. I will keep them until {day} noon."),
        ("What should we bring?", "Warm layers, a towel and good spirits. We bring the rest 🙂"),
        ("Is there parking near the pier?", "There is, {n} minutes on foot. I'll send you the map."),
        ("My sister would like to join us", "Lovely. What is her name?"),
        ("Ingrid, same surname", "Booked. You are {n} people now."),
        ("The weather looks bad for {day}…", "We only cancel from wind force 6 on. Right now it looks fine."),
        ("Could we move to the morning slot?", "Yes, 9:15 works. Shall I change it?"),
        ("Yes please", "Changed. The confirmation is in your mail."),
        ("I didn't get any mail", "Sorry about that. I have sent it again. Would you check the spam folder?"),
        ("Found it, thank you!", "Very good. See you on {day}!"),
        ("Do you take cards on site?", "Cards and cash, both are fine."),
        ("How long is the tour?", "About {n} hours, with a break on the island."),
        ("Can children come along?", "From the age of {n}, in a double kayak with a parent."),
        ("We had a wonderful day, thank you all", "That makes us happy! Come back soon 🌊"),
        ("One of us left a blue jacket in boat {n}", "We have it! It is waiting for you at the desk."),
    ],
    "de": [
        ("Moin! Habt ihr am {day} noch etwas frei?", "Moin! Ja, noch {n} Plätze."),
        ("Dann bitte zwei für uns", "Sind eingetragen. Treffpunkt ist der Steg."),
        ("Dürfen Hunde mit?", "Kleine Hunde gern, auf eigener Decke."),
        ("Wie lange dauert das ungefähr?", "Rund {n} Stunden mit Pause."),
        ("Perfekt, danke schön!", "Gern! Bis {day} 👋"),
        ("Die Rechnung stimmt leider nicht ganz", "Oh, danke für den Hinweis. Ich korrigiere sie gleich."),
    ],
    "ar": [
        ("مرحباً، هل الرحلة متاحة يوم {day}؟", "أهلاً بك! نعم، بقي {n} مقاعد."),
        ("ممتاز، أريد حجز مقعدين من فضلك", "تم الحجز. سأرسل لك التأكيد حالاً."),
        ("هل يمكن الدفع عند الوصول؟", "بالتأكيد، نقداً أو بالبطاقة."),
        ("كم تستغرق الرحلة؟", "حوالي {n} ساعات مع استراحة قصيرة."),
        ("شكراً جزيلاً على لطفكم", "على الرحب والسعة! نراكم يوم {day} إن شاء الله 🌙"),
        ("هل تتحدثون العربية في المكتب؟", "نعم، زميلتي تتحدث العربية والإنجليزية."),
    ],
    "ru": [
        ("Здравствуйте! Есть места на {day}?", "Добрый день! Да, осталось {n}."),
        ("Запишите меня, пожалуйста", "Записали. Ждём вас у причала."),
        ("А если будет дождь?", "Куртки выдаём бесплатно, не переживайте."),
        ("Можно оплатить картой?", "Конечно, картой или наличными."),
        ("Спасибо, всё было отлично!", "Спасибо вам! Приезжайте ещё."),
    ],
    "ja": [
        ("こんにちは。{day}のツアーは空いていますか？", "こんにちは！はい、あと{n}席あります。"),
        ("二人分お願いします", "かしこまりました。ご予約を承りました。"),
        ("雨の場合はどうなりますか？", "小雨なら決行いたします。レインコートを無料でお貸しします。"),
        ("ありがとうございます！", "お会いできるのを楽しみにしております。"),
    ],
    "fr": [
        ("Bonjour, reste-t-il des places pour {day} ?", "Bonjour ! Oui, encore {n}."),
        ("Parfait, j'en prends deux", "C'est noté. Rendez-vous au ponton."),
        ("Peut-on venir avec une poussette ?", "Pas sur l'eau, mais nous la gardons volontiers."),
        ("Merci beaucoup !", "Avec plaisir, à {day} !"),
    ],
    "es": [
        ("¡Hola! ¿Hay sitio el {day}?", "¡Hola! Sí, quedan {n} plazas."),
        ("Genial, somos tres", "Perfecto, apuntados los tres."),
        ("¿Hace falta saber nadar?", "Sí, y el chaleco lo ponemos nosotros."),
        ("¡Gracias, qué amables!", "¡A vosotros! Nos vemos el {day} 😊"),
    ],
}

GROUP = [
    "Good morning everyone ☕",
    "Boat {n} needs a new paddle leash",
    "I can take the late shift on {day}",
    "Who has the key to the shed?",
    "It is on the hook behind the door",
    "Two guests asked for vegetarian lunch on {day}",
    "Noted, thanks!",
    "The forecast says {n} Beaufort in the afternoon",
    "Then let's start half an hour earlier",
    "Agreed 👍",
    "New life vests have arrived, sizes S to XXL",
    "Can somebody call the supplier?",
    "Did that just now. They come on {day}.",
]

COMMUNITY = [
    "Has anybody paddled round the north cape this year?",
    "Yes, in June. {n} hours with the tide.",
    "Beautiful light this evening",
    "Which dry bag would you buy again?",
    "Any with welded seams. Mine is {n} years old.",
    "Meet-up on {day} at the pier, who joins?",
    "Count me in!",
    "Me too, with two friends",
    "Please remember to log your route before you leave",
]

CHANNEL = [
    "The season opens on {day}. All tours can be booked now.",
    "New: sunset tour with {n} boats. https://nordlicht.example/sunset",
    "Because of strong wind there are no tours on {day}. Everybody who booked has been written to.",
    "We are looking for {n} guides for the summer. Write to us!",
    "Thank you for {n}00 guests this week 💙",
]

# What scripted contacts answer, write unasked ("first") and add when they correct themselves. {echo} quotes what was
# written.
ANSWERS: dict[str, dict[str, list[str]]] = {
    "en": {
        "question": ["Good question. “{echo}” — yes, that works for me.", "“{echo}” Let me check… I think so, yes!"],
        "plain": ["Thanks! “{echo}” — noted.", "Perfect, “{echo}” it is 🙂", "Got it: “{echo}”. Thank you!"],
        "first": ["Hi! Quick question: is {day} still free?", "Hello, could you send me the prices once more?"],
        "edit": [" (sorry, typo corrected)"],
    },
    "de": {
        "question": ["Gute Frage: „{echo}“ – ja, das passt.", "„{echo}“ Ich schaue nach … ja, gern!"],
        "plain": ["Danke! „{echo}“ – verstanden.", "Alles klar: „{echo}“ 👍"],
        "first": ["Moin, klappt es am {day}?", "Habt ihr die Rechnung schon geschickt?"],
        "edit": [" (Tippfehler berichtigt)"],
    },
    "ar": {
        "question": ["سؤال جيد: «{echo}» نعم، هذا مناسب.", "«{echo}» دعني أتحقق… أظن نعم."],
        "plain": ["شكراً! «{echo}» وصلت الرسالة.", "حسناً، «{echo}» 👍"],
        "first": ["مرحباً، هل ما زال يوم {day} متاحاً؟", "السلام عليكم، لدي سؤال عن الحجز."],
        "edit": [" (تم تصحيح خطأ)"],
    },
    "ru": {
        "question": ["Хороший вопрос. «{echo}» — да, подходит.", "«{echo}» Сейчас уточню… думаю, да!"],
        "plain": ["Спасибо! «{echo}» — понял.", "Отлично, «{echo}» 👍"],
        "first": ["Здравствуйте, а в {day} ещё можно?", "Подскажите, пожалуйста, адрес причала."],
        "edit": [" (исправил опечатку)"],
    },
    "ja": {
        "question": ["「{echo}」ですね。はい、大丈夫です。", "「{echo}」確認します…はい、お願いします。"],
        "plain": ["「{echo}」承知しました。ありがとうございます！", "了解です。「{echo}」ですね。"],
        "first": ["こんにちは、{day}はまだ空いていますか？"],
        "edit": ["（訂正しました）"],
    },
    "fr": {
        "question": ["Bonne question : « {echo} » oui, ça me va.", "« {echo} » Je regarde… oui !"],
        "plain": ["Merci ! « {echo} », c'est noté.", "Parfait, « {echo} » 🙂"],
        "first": ["Bonjour, est-ce encore possible {day} ?"],
        "edit": [" (faute corrigée)"],
    },
    "es": {
        "question": ["Buena pregunta: «{echo}». Sí, me va bien.", "«{echo}» Lo miro… ¡sí!"],
        "plain": ["¡Gracias! «{echo}», apuntado.", "Perfecto, «{echo}» 😊"],
        "first": ["¡Hola! ¿El {day} sigue libre?"],
        "edit": [" (errata corregida)"],
    },
}
