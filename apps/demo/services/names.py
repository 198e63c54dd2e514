"""Names as a city school's register has them: many languages, several scripts, one-word names too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """One part of town. ``family`` may hold an empty name: not everybody has two. ``weight``: how many come from it."""

    weight: int
    girls: tuple[str, ...]
    boys: tuple[str, ...]
    family: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES: tuple[Names, ...] = (
    Names(
        30,
        _words(
            "Olivia Amelia Isla Ava Freya Lily Florence Ivy Willow Rosie Poppy Evie Matilda Beatrice Harriet Martha"
        ),
        _words("Oliver George Arthur Noah Theo Leo Oscar Archie Alfie Freddie Finley Rupert Stanley Hugh Edmund Felix"),
        _words(
            "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patterson Wright Walker Ellis Hughes Green Hall "
            "Wood Harris Clarke Jackson Turner Baker Fletcher Pemberton Ashworth O’Connor MacLeod"
        ),
    ),
    Names(
        12,
        _words("Ananya Diya Ishita Kavya Meera Nisha Priya Riya Saanvi Tara"),
        _words("Aarav Arjun Dev Ishaan Kabir Krishna Rohan Rudra Vihaan Vivaan"),
        _words("Sharma Patel Singh Kaur Gupta Reddy Iyer Nair Banerjee Chaudhary Desai Joshi"),
    ),
    Names(4, _words("अनन्या दीया काव्या मीरा"), _words("आरव अर्जुन कबीर विवान"), _words("शर्मा पटेल सिंह गुप्ता जोशी")),
    Names(4, ("கவிதா", "மீனா", "யாழினி"), ("அருண்", "கார்த்திக்", "முருகன்"), ("",)),
    Names(
        10,
        _words("Aisha Fatima Hafsa Khadija Layla Maryam Noor Salma Yasmin Zainab"),
        _words("Abdullah Ahmed Ali Bilal Hamza Hassan Ibrahim Omar Yusuf Zayd"),
        _words("Khan Ahmed Hussain Malik Rahman Begum Chowdhury Siddiqui Al-Masri Haddad"),
    ),
    Names(5, _words("ليلى مريم نور فاطمة"), _words("أحمد عمر يوسف خالد"), _words("المنصوري الحداد العلي الشامي حسن")),
    Names(
        8,
        _words("Zofia Hanna Maja Zuzanna Oliwia Łucja Świętosława Agnieszka"),
        _words("Antoni Jakub Jan Szymon Franciszek Stanisław Michał Wojciech"),
        _words("Nowak Kowalski Wiśniewski Wójcik Zieliński Szymański Woźniak Dąbrowski Kaczmarek"),
    ),
    Names(
        5,
        _words("Софія Анна Марія Олена"),
        _words("Андрій Олександр Богдан Дмитро"),
        _words("Шевченко Бондаренко Ткаченко Коваленко Мельник"),
    ),
    Names(6, _words("欣怡 子涵 雨桐 詩涵"), _words("浩然 子轩 宇航 俊傑"), _words("王 李 張 陈 林 黃 周")),
    Names(3, _words("서연 지우 하윤"), _words("민준 도윤 예준"), _words("김 이 박 최 정")),
    Names(2, _words("明美 さくら 葵"), _words("蓮 陽翔 健太"), _words("佐藤 鈴木 高橋 田中")),
    Names(
        8,
        _words("Chiamaka Ngozi Adaeze Folake Abena Akosua Amara Wanjiru Thandiwe Zanele"),
        _words("Chidi Emeka Tunde Kwame Kofi Sipho Thabo Kamau Juma Babajide"),
        _words("Okafor Adeyemi Nwosu Balogun Mensah Asante Dlamini Mokoena Kamau Odhiambo"),
    ),
    Names(2, ("ሰላም", "ምሕረት", "ሃና"), ("አበበ", "ዳዊት", "ዮናስ"), ("", "ተስፋዬ", "ገብረ")),
    Names(
        6,
        _words("Lucía Sofía Valentina Martina Camila Inês Beatriz Mariana"),
        _words("Mateo Santiago Thiago Joaquín Iñaki João Tomás Duarte"),
        ("García", "Rodríguez", "Núñez", "Ibáñez", "de la Cruz", "Peña Ortiz", "da Silva", "Gonçalves", "Araújo"),
    ),
    Names(3, _words("Ελένη Μαρία Σοφία"), _words("Γιώργος Νίκος Κώστας"), _words("Παπαδόπουλος Γεωργίου Νικολάου")),
    Names(2, _words("נועה תמר מאיה"), _words("דניאל איתן נועם"), _words("לוי כהן מזרחי")),
    Names(
        3, _words("Ayşe Elif Zeynep Defne"), _words("Çağan Yiğit Emir Kerem"), _words("Öztürk Çelik Şahin Doğan Güneş")
    ),
    Names(
        3,
        ("Nguyễn Thị", "Trần Thị", "Lê Ngọc"),
        ("Nguyễn Văn", "Trần Quốc", "Phạm Minh"),
        _words("Hương Lan Anh Đức Long"),
    ),
    Names(2, ("Dewi", "Siti", "Putri"), ("Sukarno", "Bambang", "Agus"), ("",)),
)
STREETS = (
    "Acorn Lane",
    "Bakery Row", "Canal Street", "Church Road", "Dove Close", "Elder Way", "Foundry Street", "Garden Mews",
    "Harbour View", "Ivy Terrace", "Juniper Drive", "Kiln Lane", "Library Square", "Mill Road", "North Parade",
)  # fmt: skip
