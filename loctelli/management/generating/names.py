"""Names of people from many languages, each with the spelling that e-mail addresses use."""

from dataclasses import dataclass
from unicodedata import combining, normalize

LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "đ": "d", "ı": "i", "þ": "th", "ð": "d", "œ": "oe"} | {"'": "", " ": ""}
)


@dataclass(frozen=True)
class Language:
    """One language's names, eight of each kind, and the prefix of its country's telephone numbers.

    A name in letters that don't simply lose their accents is followed by "/" and how it is written in an address.
    """

    prefix: str
    first: str
    last: str


LANGUAGES = (
    Language(
        "1",
        "James Olivia Noah Emma Liam Grace Mason Chloe",
        "Smith Johnson O'Brien Walker Reed Bennett Ames Cole",
    ),
    Language(
        "44",
        "Harry Amelia Alfie Isla Rhys Siân Eoin Freya",
        "Taylor Davies Hughes MacLeod Bell Owen Shaw Wright",
    ),
    Language(
        "49",
        "Jürgen Käthe Lukas Anneliese Jörg Frieda Götz Heike",
        "Müller Schäfer Weiß Köhler Groß Jäger Krämer Vogt",
    ),
    Language(
        "33",
        "Élodie François Chloé Benoît Zoé Jérôme Maëlle Loïc",
        "Lefèvre Dubois Bérard Gaël Noël Garçon Hervé Mérieux",
    ),
    Language(
        "34",
        "José María Íñigo Lucía Ramón Begoña Andrés Inés",
        "García Muñoz Núñez Ibáñez López Peña Gutiérrez Sáez",
    ),
    Language(
        "351",
        "João Inês Gonçalo Conceição Tomás Luísa Simão Beatriz",
        "Conceição Gonçalves Simões Araújo Leitão Magalhães Brandão Sá",
    ),
    Language(
        "39",
        "Niccolò Chiara Matteo Giorgia Dario Noemi Aldo Lucrezia",
        "Rossi D'Angelo Esposito Lombardi Cicerò Nicolò Greco Conti",
    ),
    Language(
        "48",
        "Łukasz Małgorzata Paweł Zofia Stanisław Bożena Michał Ździsława",
        "Wójcik Kowalska Zieliński Dąbrowska Łuczak Wiśniewski Kaźmierczak Żak",
    ),
    Language(
        "420",
        "Jiří Šárka Tomáš Růžena Ondřej Žaneta Matěj Zdeňka",
        "Dvořák Novotný Procházka Kučera Veselý Šťastný Říha Černý",
    ),
    Language(
        "36",
        "László Zsófia Gergő Ágnes Ödön Réka Lőrinc Piroska",
        "Nagy Szabó Tóth Kovács Horváth Győri Erdős Fűzfa",
    ),
    Language(
        "47",
        "Bjørn Åse Håkon Sølvi Øystein Ragnhild Sjur Kåre",
        "Ødegård Sørensen Bakke Håland Ås Brønn Næss Lie",
    ),
    Language(
        "46",
        "Åke Märta Göran Björn Håkan Elin Sören Malin",
        "Öberg Åkesson Sjöström Lindqvist Håkansson Bäck Ek Ström",
    ),
    Language(
        "354",
        "Þór Guðrún Ásgeir Hallgrímur Sigríður Ævar Björk Jón",
        "Jónsson Guðmundsdóttir Þórarinsson Ægisson Hrafnsdóttir Ólafsson Einarsdóttir Bjarnason",
    ),
    Language(
        "90",
        "Çağla Şükrü İbrahim Gülşen Özgür Ayşe Oğuz Işıl",
        "Yılmaz Çelik Şahin Öztürk Güneş Doğan Aydın Kılıç",
    ),
    Language(
        "84",
        "Nguyên Thảo Hùng Phượng Đức Hằng Quốc Mỹ",
        "Nguyễn Trần Phạm Huỳnh Đặng Bùi Đỗ Lê",
    ),
    Language(
        "7",
        "Дмитрий/dmitri Ольга/olga Сергей/sergei Наталья/natalia Фёдор/fedor Жанна/zhanna Юрий/yuri Инна/inna",
        "Кузнецов/kuznetsov Щербаков/scherbakov Ёлкин/elkin Жуков/zhukov "
        "Цветаев/tsvetaev Ильин/ilin Чехов/chekhov Юдин/yudin",
    ),
    Language(
        "30",
        "Γιώργος/giorgos Ελένη/eleni Νίκος/nikos Δήμητρα/dimitra Ηλίας/ilias Ζωή/zoi Άρης/aris Χριστίνα/christina",
        "Παπαδόπουλος/papadopoulos Ιωάννου/ioannou Γεωργίου/georgiou Οικονόμου/oikonomou "
        "Βλάχος/vlachos Λάμπρου/lamprou Ρήγας/rigas Ψαρράς/psarras",
    ),
    Language(
        "81",
        "太郎/taro 花子/hanako 健/ken 美咲/misaki 翔太/shota さくら/sakura 大輔/daisuke 陽子/yoko",
        "佐藤/sato 鈴木/suzuki 高橋/takahashi 田中/tanaka 渡辺/watanabe 山本/yamamoto 小林/kobayashi 加藤/kato",
    ),
    Language(
        "86",
        "伟/wei 芳/fang 娜/na 敏/min 静/jing 磊/lei 洋/yang 丽/li",
        "王/wang 李/li 张/zhang 刘/liu 陈/chen 杨/yang 赵/zhao 黄/huang",
    ),
    Language(
        "971",
        "محمد/mohammed فاطمة/fatima يوسف/yousef مريم/mariam خالد/khaled ليلى/layla عمر/omar نور/noor",
        "الحسن/alhassan خوري/khoury منصور/mansour حداد/haddad النجار/alnajjar صالح/saleh عباس/abbas زيدان/zidan",
    ),
)


def spelled(kind: str) -> tuple[list[str], list[str]]:
    """Return all "first" or all "last" names, language by language, and beside them how addresses write them."""
    entries = [entry.partition("/") for language in LANGUAGES for entry in getattr(language, kind).split()]
    return [name for name, _, _ in entries], [address or _plain(name) for name, _, address in entries]


def _plain(name: str) -> str:
    lower = normalize("NFKD", name.lower().translate(LETTERS))
    return "".join(letter for letter in lower if not combining(letter)).translate(LETTERS)
